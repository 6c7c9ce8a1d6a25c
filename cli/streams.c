/*
 * streams.c - `muon streams`: page after page of the list, so that a million streams are no large answer.
 */
#include "cli/streams.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/format.h"
#include "cli/json-string.h"
#include "cli/out.h"
#include "cli/say.h"

enum { PAGE = 10000, NAME_BYTES = 256 };

struct stream {
    const char *name;
    json_int_t events, version, order_id;
};

/* The list as it is written: what has been printed, and the last name, after which the next page begins. */
struct listing {
    const struct args *args;
    uint64_t streams;
    char last[NAME_BYTES];
};

static void write_stream(FILE *out, const void *what)
{
    const struct stream *stream = what;
    fputs("{\"stream-name\":", out);
    json_string_print(out, stream->name, strlen(stream->name));
    fprintf(out, ",\"total-events\":%lld,\"last-version\":%lld,\"last-order-id\":%lld}",
            (long long)stream->events, (long long)stream->version, (long long)stream->order_id);
}

static void print_row(const struct listing *l, const struct stream *stream)
{
    if (l->streams == 0 && !l->args->quiet)
        printf("%12s  %12s  %16s  %s\n", "EVENTS", "LAST-VERSION", "LAST-ORDER-ID", "STREAM");
    printf("%12lld  %12lld  %16lld  %s\n", (long long)stream->events, (long long)stream->version,
           (long long)stream->order_id, stream->name);
}

static void print_stream(struct listing *l, const struct stream *stream)
{
    if (l->args->json) {
        fputs(l->streams ? ",\n" : "{\"streams\":[\n", stdout);
        write_stream(stdout, stream);
    } else if (l->args->format) {
        format_show(l->args->format, write_stream, stream);
    } else {
        print_row(l, stream);
    }
    l->streams++;
    snprintf(l->last, sizeof(l->last), "%s", stream->name);
}

/* Print one page; *count: how many it had. False: it is no list of streams. */
static bool print_page(struct listing *l, const muon_reply *reply, size_t *count)
{
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    json_t *streams = json_object_get(document, "streams");
    bool ok = json_is_array(streams);
    *count = json_array_size(streams);
    for (size_t i = 0; ok && i < *count; i++) {
        struct stream s;
        ok = json_unpack(json_array_get(streams, i), "{s:s, s:I, s:I, s:I}", "stream-name", &s.name,
                         "total-events", &s.events, "last-version", &s.version, "last-order-id",
                         &s.order_id) == 0;
        if (ok)
            print_stream(l, &s);
    }
    json_decref(document);
    return ok;
}

static bool list_page(struct listing *l, muon_client *client, size_t *count, int *code)
{
    muon_reply *reply;
    muon_error error;
    const char *pattern = l->args->operand_count > 1 ? l->args->operands[1] : NULL;
    if (muon_streams(client, pattern, l->last[0] ? l->last : NULL, PAGE,
                     connect_timeout_ms(l->args), &reply, &error) != MUON_OK) {
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
