/*
 * why.c - `muon why`: up from cause to cause as far as there is one, then down again over everything that came of it.
 *
 * The store knows causes, not effects. But an effect is stored after its cause, so one pass over what follows the first cause
 * finds them all.
 */
#include "cli/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/causes.h"
#include "cli/connect.h"
#include "cli/format.h"
#include "cli/json-string.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/time-text.h"
#include "cli/which.h"

enum { EVENTS_MAX = 100000, INDENT_MAX = 16, NAME_BYTES = 256 };

/* What is asked for, and what is found. */
struct why {
    const struct args *args;
    muon_client *client;
    int64_t asked; /* an order id */
    muon_batch *root;
    char missing[NAME_BYTES]; /* the root's cause, which is not there; "": it has none */
    struct causes causes;
    bool cut; /* there is more than EVENTS_MAX */
};

/* ---- up ---- */

/* The event that a cause names: by its event id, or by its order id. */
static int32_t get_cause(const struct why *why, const char *name, muon_batch **event,
                         muon_error *error)
{
    const muon_place by_id = {.event_id = name};
    const muon_place by_order_id = {.order_id = strtoll(name, NULL, 10)};
    int32_t wait_ms = connect_timeout_ms(why->args);
    int32_t status = muon_get(why->client, &by_id, wait_ms, event, error);
    bool is_number = name[strspn(name, "0123456789")] == '\0' && by_order_id.order_id > 0;
    if (status == MUON_ENOENT && is_number)
        status = muon_get(why->client, &by_order_id, wait_ms, event, error);
    return status;
}

/* From the event to its first cause. A cause that is younger than its effect is none. */
static int find_root(struct why *why)
{
    for (;;) {
        const muon_event *event = muon_batch_at(why->root, 0);
        muon_batch *cause;
        muon_error error;
        if (event->caused_by.len == 0)
            return EXIT_DONE;
        snprintf(why->missing, sizeof(why->missing), "%.*s", (int)event->caused_by.len,
                 event->caused_by.ptr);
        int32_t status = get_cause(why, why->missing, &cause, &error);
        if (status == MUON_ENOENT)
            return EXIT_DONE;
        if (status != MUON_OK)
            return say_error(why->args, &error);
        if (muon_batch_at(cause, 0)->order_id >= event->order_id) {
            muon_batch_free(cause);
            return EXIT_DONE;
        }
        muon_batch_free(why->root);
        why->root = cause;
        why->missing[0] = '\0';
    }
}

/* ---- down ---- */

/* False: no memory, or it is enough. */
static bool take(struct why *why, const muon_batch *batch)
{
    for (size_t i = 0; i < muon_batch_count(batch); i++) {
        const muon_event *event = muon_batch_at(batch, i);
        if (!causes_has_cause(&why->causes, event))
            continue;
        why->cut = why->causes.len == EVENTS_MAX;
        if (why->cut || !causes_add(&why->causes, event))
            return false;
    }
    return true;
}

static int find_effects(struct why *why)
{
    const muon_event *root = muon_batch_at(why->root, 0);
    const muon_sub_opts opts = {
        .mode = MUON_COLD, .from_kind = MUON_FROM_ORDER_ID, .from = root->order_id + 1};
    muon_sub *sub;
    muon_error error;
    int32_t status = MUON_OK;
    bool more = causes_add(&why->causes, root);
    if (muon_subscribe(why->client, "__all__", &opts, &sub, &error) != MUON_OK)
        return say_error(why->args, &error);
    while (more && status == MUON_OK) {
        muon_batch *batch = NULL;
        status = muon_sub_next(sub, &batch, connect_timeout_ms(why->args), &error);
        more = status != MUON_OK || take(why, batch);
        muon_batch_free(batch);
    }
    muon_sub_close(sub);
    muon_sub_free(sub);
    if (!more && !why->cut)
        return say_failure(why->args, EXIT_FAILED, NULL, "why: out of memory");
    return more && status != MUON_END ? say_error(why->args, &error) : EXIT_DONE;
}

/* ---- the tree, each before its effects ---- */

static size_t next_of(const struct causes *causes, size_t index)
{
    if (causes->all[index].first != CAUSES_NONE)
        return causes->all[index].first;
    while (index != CAUSES_NONE && causes->all[index].next == CAUSES_NONE)
        index = causes->all[index].parent;
    return index == CAUSES_NONE ? index : causes->all[index].next;
}

/* How far each is from the left: a chain goes straight down, only what branches is moved. */
static size_t *indents(const struct causes *causes)
{
    size_t *indent = calloc(causes->len, sizeof(*indent));
    for (size_t i = 1; indent && i < causes->len; i++) {
        size_t parent = causes->all[i].parent;
        bool branches = causes->all[parent].first != causes->all[parent].last;
        indent[i] = indent[parent] + (branches && indent[parent] < INDENT_MAX);
    }
    return indent;
}

/* A relation that is an address: what caused the event has asked a service, which emitted it while it answered. */
static bool is_request(const char *relation)
{
    return strstr(relation, "://") != NULL;
}

/* It stands where the first event that it brought would; the others are below it without a word. */
static void print_request(const struct why *why, const struct cause *cause, size_t indent,
                          bool branch, int stream_width)
{
    const struct cause *all = why->causes.all;
    if (cause->previous != CAUSES_NONE &&
        strcmp(all[cause->previous].relation, cause->relation) == 0)
        return;
    printf("  %-16s  %-24s  %-*s  %7s  %*s%s%s\n", "", "", stream_width, "", "",
           (int)(branch ? 2 * (indent - 1) : 2 * indent), "", branch ? "- " : "", cause->relation);
}

static void print_row(const struct why *why, const struct cause *cause, size_t indent, bool branch,
                      int stream_width)
{
    char time[TIME_TEXT_BYTES];
    bool asked = cause->order_id == why->asked;
    bool bold = asked && say_in_colour(stdout);
    bool requested = is_request(cause->relation);
    time_text_print(cause->time_ms, time);
    if (requested)
        print_request(why, cause, indent, branch, stream_width);
    printf("%s%c %-16lld  %-24s  %-*s  %7lld  %*s%s%s", bold ? "\033[1m" : "", asked ? '>' : ' ',
           (long long)cause->order_id, time, stream_width, cause->stream, (long long)cause->version,
           (int)(branch && !requested ? 2 * (indent - 1) : 2 * indent), "",
           branch && !requested ? "- " : "", cause->type);
    if (cause->relation[0] && !requested && strcmp(cause->relation, "CAUSED") != 0)
        printf("  (%s)", cause->relation);
    if (cause->service[0])
        printf("  by %s", cause->service);
    puts(bold ? "\033[0m" : "");
}

static void print_table(const struct why *why, const size_t *indent)
{
    const struct causes *causes = &why->causes;
    size_t width = strlen("STREAM");
    for (size_t i = 0; i < causes->len; i++)
        if (strlen(causes->all[i].stream) > width)
            width = strlen(causes->all[i].stream);
    if (!why->args->quiet)
        printf("  %-16s  %-24s  %-*s  %7s  %s\n", "ORDER-ID", "TIME", (int)width, "STREAM",
               "VERSION", "EVENT");
    for (size_t i = 0; i != CAUSES_NONE; i = next_of(causes, i)) {
        size_t parent = causes->all[i].parent;
        bool branch = parent != CAUSES_NONE && indent[i] > indent[parent];
        print_row(why, &causes->all[i], indent[i], branch, (int)width);
    }
}

static void write_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, ",\"%s\":", name);
    json_string_print(out, text, strlen(text));
}

static void write_cause(FILE *out, const void *what)
{
    const struct cause *cause = what;
    fprintf(out, "{\"order-id\":%lld,\"version\":%lld,\"event-time\":%lld",
            (long long)cause->order_id, (long long)cause->version, (long long)cause->time_ms);
    write_text(out, "stream-name", cause->stream);
    write_text(out, "event-type", cause->type);
    write_text(out, "event-id", cause->event_id);
    write_text(out, "service-id", cause->service);
    write_text(out, "caused-by", cause->caused_by);
    write_text(out, "caused-by-relation", cause->relation);
    putc('}', out);
}

static void print_json(const struct why *why)
{
    const struct causes *causes = &why->causes;
    printf("{\"asked\":%lld", (long long)why->asked);
    if (why->missing[0])
        write_text(stdout, "missing-cause", why->missing);
    fputs(",\"events\":[", stdout);
    for (size_t i = 0; i != CAUSES_NONE; i = next_of(causes, i)) {
        fputs(i ? "," : "", stdout);
        write_cause(stdout, &causes->all[i]);
    }
    puts("]}");
}

static void print_format(const struct why *why)
{
    const struct causes *causes = &why->causes;
    for (size_t i = 0; i != CAUSES_NONE; i = next_of(causes, i))
        format_show(why->args->format, write_cause, &causes->all[i]);
}

static int show(const struct why *why)
{
    int code = EXIT_DONE;
    size_t *indent = indents(&why->causes);
    if (!indent)
        return say_failure(why->args, EXIT_FAILED, NULL, "why: out of memory");
    if (why->missing[0])
        say_note(why->args, "-- caused by \"%s\", which is not an earlier event here --",
                 why->missing);
    if (why->args->json)
        print_json(why);
    else if (why->args->format)
        print_format(why);
    else
        print_table(why, indent);
    free(indent);
    out_flush(why->args, &code);
    if (why->cut)
        say_note(why->args, "-- there is more: only the first %d events are shown --", EVENTS_MAX);
    return code;
}

/* ---- all of it ---- */

static int explain(struct why *why, const muon_place *place)
{
    muon_error error;
    if (muon_get(why->client, place, connect_timeout_ms(why->args), &why->root, &error) != MUON_OK)
        return which_fails(why->args, &error);
    why->asked = muon_batch_at(why->root, 0)->order_id;
    if (!causes_init(&why->causes))
        return say_failure(why->args, EXIT_FAILED, NULL, "why: out of memory");
    int code = find_root(why);
    if (code == EXIT_DONE)
        code = find_effects(why);
    if (code == EXIT_DONE)
        code = show(why);
    causes_fini(&why->causes);
    return code;
}

int why_run(const struct args *args)
{
    struct why why = {.args = args};
    muon_place place;
    int code;
    if (!which_place(args, &place, &code) || !connect_open(args, &why.client, &code))
        return code;
    code = explain(&why, &place);
    muon_batch_free(why.root);
    connect_close(why.client);
    return code;
}
