/*
 * photon_names.c - /stream-names and /stats: a walk over the streams, a step at a time on a reader's thread, as ListStreams has it.
 */
#include "store/photon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/list.h"
#include "store/photon_json.h"
#include "store/readers.h"
#include "store/subscribe.h"
#include "wire/text.h"

struct walk {
    struct readers_job job; /* first */
    struct store *store;
    struct inside_call *call;
    struct list list;
    bool names; /* else only counts */
    uint64_t streams, events;
    FILE *out;
    char *text;
    size_t text_len;
};

static void walk_free(struct walk *walk)
{
    if (walk->out)
        fclose(walk->out);
    free(walk->text);
    free(walk);
}

static void fail(struct walk *walk, const struct error *error)
{
    struct inside_call *call = walk->call;
    walk_free(walk);
    inside_fail(call, error);
}

static void done(struct walk *walk)
{
    struct inside_call *call = walk->call;
    if (walk->names)
        fputs("]}", walk->out);
    else
        fprintf(walk->out,
                "{\"streams\":%" PRIu64 ",\"events\":%" PRIu64 ",\"head-order-id\":%" PRIu64
                ",\"subscriptions\":%zu}",
                walk->streams, walk->events, atomic_load(&walk->store->head),
                subscriptions_count(walk->store->subscriptions));
    bool bad = ferror(walk->out) != 0;
    bad = fclose(walk->out) != 0 || bad;
    walk->out = NULL;
    char *text = walk->text;
    walk->text = NULL;
    if (bad) {
        free(text);
        text = NULL;
    }
    walk_free(walk);
    photon_answer_text(call, text);
}

static void add_name(struct walk *walk, const struct stream_info *info)
{
    json_t *name =
        json_stringn_nocheck((const char *)info->stream_name.data, info->stream_name.len);
    fprintf(walk->out, "%s{\"stream-name\":", walk->streams > 1 ? "," : "");
    if (name)
        json_dumpf(name, walk->out, JSON_ENCODE_ANY);
    json_decref(name);
    fprintf(walk->out, ",\"total-events\":%" PRIu64 "}", info->total_events);
}

static void add(struct walk *walk, const struct parts *parts)
{
    struct stream_info info;
    for (size_t i = 0; i < parts->len; i++) {
        struct span rest = bytes_span(parts->part[i]);
        while (stream_info_next(&rest, &info) == 1) {
            walk->streams++;
            walk->events += info.total_events;
            if (walk->names)
                add_name(walk, &info);
        }
    }
}

static bool too_large(struct walk *walk, struct error *error)
{
    fflush(walk->out);
    if (walk->text_len <= walk->store->limits.batch_bytes)
        return false;
    error_set(
        error, REASON_TOO_LARGE,
        "there are more names than one answer may hold: list them by pages, with ListStreams");
    error->limit = walk->store->limits.batch_bytes;
    return true;
}

static void run(struct readers_job *job)
{
    struct walk *walk = (struct walk *)job;
    struct parts parts;
    struct error error;
    bool last;
    if (list_step(&walk->list, &parts, &last, &error) != REASON_NONE) {
        fail(walk, &error);
        return;
    }
    add(walk, &parts);
    parts_clear(&parts);
    if (too_large(walk, &error))
        fail(walk, &error);
    else if (last || inside_call_given_up(walk->call))
        done(walk);
    else
        readers_submit(walk->store->readers, &walk->job);
}

static void begin(struct store *store, struct inside_call *call, bool names)
{
    struct list_request all = {.max = 0};
    struct walk *walk = calloc(1, sizeof *walk);
    if (walk)
        walk->out = open_memstream(&walk->text, &walk->text_len);
    if (!walk || !walk->out) {
        free(walk);
        photon_no_memory(call);
        return;
    }
    walk->job.run = run;
    walk->store = store;
    walk->call = call;
    walk->names = names;
    if (names)
        fputs("{\"streams\":[", walk->out);
    list_start(&walk->list, store, &all);
    readers_submit(store->readers, &walk->job);
}

void photon_names_begin(struct store *store, struct inside_call *call)
{
    begin(store, call, true);
}

void photon_stats_begin(struct store *store, struct inside_call *call)
{
    begin(store, call, false);
}
