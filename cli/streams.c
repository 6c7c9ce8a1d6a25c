/*
 * streams.c - `muon streams`: page after page of the list, so that a million streams are no large answer.
 */
#include "cli/streams.h"

#include <jansson.h>
#include <stdio.h>

#include "cli/connect.h"
#include "cli/format.h"
#include "cli/out.h"
#include "cli/retention.h"
#include "cli/say.h"

enum { PAGE = 10000, NAME_BYTES = 256 };

/* The list as it is written: what has been printed, and the last name, after which the next page begins. */
struct listing {
    const struct args *args;
    uint64_t streams;
    char last[NAME_BYTES];
};

/* A stream, as the answer has it. */
struct row {
    const char *name;
    json_int_t events, first, last, order_id;
    int tombstone;
    json_t *retention; /* NULL: none */
};

static bool row_of(json_t *object, struct row *row)
{
    *row = (struct row){0};
    return json_unpack(object, "{s:s, s:I, s:I, s:I, s:I, s?b, s?o}", "stream-name", &row->name,
                       "total-events", &row->events, "first-version", &row->first, "last-version",
                       &row->last, "last-order-id", &row->order_id, "tombstone", &row->tombstone,
                       "retention", &row->retention) == 0;
}

static void write_stream(FILE *out, const void *object)
{
    json_dumpf(object, out, JSON_COMPACT);
}

static void print_row(const struct listing *l, const struct row *row)
{
    char keeps[RETENTION_TEXT_BYTES] = "-";
    json_int_t age, count;
    if (row->tombstone)
        snprintf(keeps, sizeof(keeps), "tombstone");
    else if (json_unpack(row->retention, "{s:I, s:I}", "max-age-ms", &age, "max-count", &count) ==
             0)
        retention_text(age, count, keeps);
    if (l->streams == 0 && !l->args->quiet)
        printf("%12s  %10s  %10s  %16s  %-18s  %s\n", "EVENTS", "FIRST", "LAST", "LAST-ORDER-ID",
               "KEEPS", "STREAM");
    printf("%12lld  %10lld  %10lld  %16lld  %-18s  %s\n", (long long)row->events,
           (long long)row->first, (long long)row->last, (long long)row->order_id, keeps, row->name);
}

static void print_stream(struct listing *l, const json_t *object, const struct row *row)
{
    if (l->args->json) {
        fputs(l->streams ? ",\n" : "{\"streams\":[\n", stdout);
        write_stream(stdout, object);
    } else if (l->args->format) {
        format_show(l->args->format, write_stream, object);
    } else {
        print_row(l, row);
    }
    l->streams++;
    snprintf(l->last, sizeof(l->last), "%s", row->name);
}

/* Print one page; *count: how many it had. False: it is no list of streams. */
static bool print_page(struct listing *l, const muon_reply *reply, size_t *count)
{
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    json_t *streams = json_object_get(document, "streams");
    bool ok = json_is_array(streams);
    *count = json_array_size(streams);
    for (size_t i = 0; ok && i < *count; i++) {
        json_t *object = json_array_get(streams, i);
        struct row row;
        ok = row_of(object, &row);
        if (ok)
            print_stream(l, object, &row);
    }
    json_decref(document);
    return ok;
}

static bool list_page(struct listing *l, muon_client *client, size_t *count, int *code)
{
    muon_reply *reply;
    muon_error error;
    const char *pattern = l->args->operand_count > 1 ? l->args->operands[1] : NULL;
    const char *after = l->last[0] ? l->last : NULL;
    int32_t timeout_ms = connect_timeout_ms(l->args);
    int32_t status =
        l->args->deleted
            ? muon_streams_all(client, pattern, after, PAGE, timeout_ms, &reply, &error)
            : muon_streams(client, pattern, after, PAGE, timeout_ms, &reply, &error);
    if (status != MUON_OK) {
        *code = say_error(l->args, &error);
        return false;
    }
    bool ok = print_page(l, reply, count);
    muon_reply_free(reply);
    if (!ok)
        *code =
            say_failure(l->args, EXIT_FAILED, NULL, "streams: the answer is no list of streams");
    return ok && out_flush(l->args, code);
}

int streams_run(const struct args *args)
{
    struct listing listing = {.args = args};
    muon_client *client;
    size_t count = PAGE;
    int code;
    if (!connect_open(args, &client, &code))
        return code;
    code = EXIT_DONE;
    bool ok = true;
    while (ok && count == PAGE)
        ok = list_page(&listing, client, &count, &code);
    if (ok && args->json)
        fputs(listing.streams ? "]}\n" : "{\"streams\":[]}\n", stdout);
    else if (ok && listing.streams == 0)
        say_note(args, "no streams");
    connect_close(client);
    return code;
}
