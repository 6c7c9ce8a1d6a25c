/*
 * emit.c - `muon emit EVENT`: one event, and what became of it. Without EVENT, import.c takes over.
 */
#include "cli/emit.h"

#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/event-in.h"
#include "cli/import.h"
#include "cli/json-string.h"
#include "cli/say.h"
#include "cli/time-text.h"

static void print_result(const struct args *args, const muon_event_in *event,
                         const muon_emit_result *result)
{
    bool duplicate = result->flags & MUON_DUPLICATE;
    char time[TIME_TEXT_BYTES];
    if (args->json) {
        printf("{\"status\":\"PERSISTED\",\"order-id\":%lld,\"version\":%lld,\"event-time\":%lld,"
               "\"event-id\":",
               (long long)result->order_id, (long long)result->version, (long long)result->time_ms);
        json_string_print(stdout, event->event_id, strlen(event->event_id));
        printf(",\"duplicate\":%s}\n", duplicate ? "true" : "false");
        return;
    }
    if (args->quiet)
        return;
    time_text_print(result->time_ms, time);
    printf("%s  %s  version %lld  order id %lld  %s\n", duplicate ? "stored before" : "stored",
           event->stream, (long long)result->version, (long long)result->order_id, time);
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
        print_result(args, event, &result);
    else
        code = say_error(args, &error);
    connect_close(client);
    return code;
}

static int emit_argument(const struct args *args, const muon_expect *expect)
{
    struct event_in in = {0};
    struct event_fault fault;
    const char *text = args->operands[1];
    int code;
    if (event_in_parse(&in, text, strlen(text), &fault))
        code = emit_event(args, &in.event, expect);
    else if (fault.column)
        code = say_failure(args, EXIT_BAD_INPUT, "Nothing was stored.",
                           "the event, at byte %zu: %s", fault.column, fault.why);
    else
        code = say_failure(args, EXIT_BAD_INPUT, "Nothing was stored.", "the event: %s", fault.why);
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
    if (!from_input && (args->given & (OPTION_BATCH | OPTION_KEEP_GOING)))
        return say_failure(
            args, EXIT_USAGE, "Leave the event out to read standard input.",
            "--batch and --keep-going go with standard input, not with a single event");
    return from_input ? import_run(args) : emit_argument(args, args->expect ? &expect : NULL);
}
