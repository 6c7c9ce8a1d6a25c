/*
 * emit.c - `muon emit EVENT`: one event, and what became of it. Without EVENT, import.c takes over.
 */
#include "cli/emit.h"

#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/event-in.h"
#include "cli/format.h"
#include "cli/handling.h"
#include "cli/import.h"
#include "cli/json-string.h"
#include "cli/say.h"
#include "cli/time-text.h"

/* An event, and what became of it. */
struct emitted {
    const muon_event_in *event;
    const muon_emit_result *result;
};

static void write_result(FILE *out, const void *what)
{
    const struct emitted *emitted = what;
    const muon_emit_result *result = emitted->result;
    const char *event_id = emitted->event->event_id;
    fprintf(out,
            "{\"status\":\"PERSISTED\",\"order-id\":%lld,\"version\":%lld,\"event-time\":%lld,"
            "\"event-id\":",
            (long long)result->order_id, (long long)result->version, (long long)result->time_ms);
    json_string_print(out, event_id, strlen(event_id));
    fprintf(out, ",\"duplicate\":%s}", result->flags & MUON_DUPLICATE ? "true" : "false");
}

static void print_for_people(const struct emitted *emitted)
{
    const muon_emit_result *result = emitted->result;
    bool duplicate = result->flags & MUON_DUPLICATE;
    char time[TIME_TEXT_BYTES];
    time_text_print(result->time_ms, time);
    printf("%s  %s  version %lld  order id %lld  %s\n", duplicate ? "stored before" : "stored",
           emitted->event->stream, (long long)result->version, (long long)result->order_id, time);
}

static void print_result(const struct args *args, const struct emitted *emitted)
{
    if (args->format) {
        format_show(args->format, write_result, emitted);
    } else if (args->json) {
        write_result(stdout, emitted);
        putchar('\n');
    } else if (!args->quiet) {
        print_for_people(emitted);
    }
}

static int emit_event(const struct args *args, muon_event_in *event, const muon_expect *expect)
{
    muon_client *client;
    char event_id[37];
    muon_emit_result result;
    muon_error error;
    int code;
    muon_emit_opts opts = {
        .expects = expect, .expects_len = expect ? 1 : 0, .timeout_ms = connect_timeout_ms(args)};
    if (!connect_open(args, &client, &code))
        return code;
    code = EXIT_DONE;
    if (!event->event_id) {
        muon_event_id_new(event_id);
        event->event_id = event_id;
    }
    if (muon_emit(client, event->stream, event, 1, &opts, &result, &error) == MUON_OK)
        print_result(args, &(struct emitted){event, &result});
    else
        code = say_error(args, &error);
    connect_close(client);
    return code;
}

/* For who tries words. */
static const char like_this[] =
    "An event is like {\"stream-name\":\"orders/1\",\"event-type\":\"OrderPlaced\",\"payload\":{}}";

static int emit_argument(const struct args *args, const muon_expect *expect)
{
    struct event_in in = {0};
    struct event_fault fault;
    const char *text = args->operands[1];
    const char *advice = text[strspn(text, " \t\r\n")] == '{' ? "Nothing was stored." : like_this;
    int code;
    bool good = event_in_parse(&in, text, strlen(text), &fault);
    handling_inherit(&in.event);
    if (good)
        code = emit_event(args, &in.event, expect);
    else if (fault.column)
        code = say_failure(args, EXIT_BAD_INPUT, advice, "the event, at byte %zu: %s", fault.column,
                           fault.why);
    else
        code = say_failure(args, EXIT_BAD_INPUT, advice, "the event: %s", fault.why);
    event_in_free(&in);
    return code;
}

int emit_run(const struct args *args)
{
    muon_expect expect;
    bool from_input = args->operand_count < 2 || strcmp(args->operands[1], "-") == 0;
    if (args->expect && !args_expectation(args->expect, &expect))
        return say_failure(args, EXIT_USAGE, "A version, \"none\" or \"exists\".",
                           "--expect cannot be \"%s\"", args->expect);
    if (args->expect && from_input)
        return say_failure(args, EXIT_USAGE, "Give the event as an argument.",
                           "--expect goes with a single event, not with standard input");
    if (args->format && from_input)
        return say_failure(args, EXIT_USAGE, "Give the event as an argument.",
                           "--format goes with a single event, not with standard input");
    if (!from_input && (args->given & (OPTION_BATCH | OPTION_KEEP_GOING)))
        return say_failure(
            args, EXIT_USAGE, "Leave the event out to read standard input.",
            "--batch and --keep-going go with standard input, not with a single event");
    return from_input ? import_run(args) : emit_argument(args, args->expect ? &expect : NULL);
}
