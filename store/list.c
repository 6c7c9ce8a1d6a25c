/*
 * list.c - see list.h.
 *
 * A walk over the names (names.h); of each stream the first entry and the last say what there is to say.
 */
#include "store/list.h"

#include <stdlib.h>
#include <string.h>

#include "store/feed.h"
#include "store/locate.h"
#include "store/pattern.h"
#include "store/retention.h"
#include "wire/text.h"

enum { STEP_BYTES = 64 * 1024, STEP_STREAMS = 1000 };

void list_start(struct list *list, struct store *store, const struct list_request *request)
{
    *list = (struct list){.store = store, .deleted = request->deleted};
    list->names = (struct names){.pattern = request->pattern, .after_len = request->after.len};
    if (request->after.len)
        memcpy(list->names.after, request->after.data, request->after.len);
    list->left = request->max ? request->max : UINT64_MAX;
    list->last = atomic_load(&store->head);
}

static bool is_listed(const struct list *list, struct span name)
{
    struct span pattern = list->names.pattern;
    return pattern.len == 0 ? !text_is_reserved(name) : pattern_match(pattern, name);
}

/* The stream's entry that the iterator stands on is its first: a cut, or an extent. 1: *info is set; 0: it is not listed. */
static int describe(const struct list *list, struct log_iter *iter, struct stream_info *info,
                    struct error *error)
{
    struct located at;
    struct span name = names_at(&list->names);
    struct cut cut = {0};
    uint64_t version;
    struct span ignored;
    if (key_extent_read(log_iter_key(iter), &ignored, &version) && version == 0 &&
        !cut_decode(log_iter_value(iter), &cut)) {
        error_set(error, REASON_CORRUPT,
                  "the cut of stream \"%.*s\" is malformed; run photond verify", (int)name.len,
                  (const char *)name.data);
        return -1;
    }
    int found = locate_before(iter, name, UINT64_MAX, &at, error);
    while (found == 1 && at.extent.record > list->last)
        found = locate_prev(iter, name, &at, error);
    bool holds = found == 1 && at.last_version > cut.version;
    if (found == -1)
        return -1;
    if (!holds && (!list->deleted || (cut.version == 0 && !cut.tombstone)))
        return 0;
    *info = (struct stream_info){.stream_name = name,
                                 .last_version = cut.version,
                                 .first_version = cut.version + 1,
                                 .tombstone = cut.tombstone};
    if (holds) {
        info->total_events = at.last_version - cut.version;
        info->last_version = at.last_version;
        info->last_order_id = locate_order_id(&at, at.last_version);
    }
    return 1;
}

static bool put(const struct list *list, struct parts *parts, struct stream_info *info)
{
    char pattern[NAME_BYTES_MAX];
    retention_match(list->store->retention, info->stream_name, pattern, &info->retention);
    struct bytes *part = stream_info_part(info);
    bool ok = part && parts_copy(parts, bytes_span(part));
    bytes_unref(part);
    return ok;
}

static int walk(struct list *list, struct log_iter *iter, struct parts *parts, struct error *error)
{
    bool one = list->names.pattern.len && !text_is_pattern(list->names.pattern);
    int found = 1;
    for (int i = 0; i < STEP_STREAMS && parts->bytes < STEP_BYTES && list->left > 0; i++) {
        struct stream_info info;
        found = names_next(&list->names, iter, error);
        if (found != 1)
            return found;
        if (!is_listed(list, names_at(&list->names))) {
            if (one)
                return 0;
            continue;
        }
        int holds = describe(list, iter, &info, error);
        if (holds == -1)
            return -1;
        if (holds == 1 && !put(list, parts, &info)) {
            error_set(error, REASON_BUSY, "no memory for the list: try again later");
            return -1;
        }
        list->left -= (uint64_t)holds;
        if (one)
            return 0;
    }
    return list->left > 0;
}

enum reason list_step(struct list *list, struct parts *parts, bool *done, struct error *error)
{
    struct log_iter *iter = log_iter_open(list->store->log, LOG_READ);
    *parts = (struct parts){0};
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "the store cannot be read now: try again");
    int more = walk(list, iter, parts, error);
    log_iter_close(iter);
    if (more != -1 && !parts_close(parts)) {
        error_set(error, REASON_BUSY, "no memory for the list: try again later");
        more = -1;
    }
    if (more == -1)
        parts_clear(parts);
    *done = more == 0;
    return more == -1 ? error->reason : REASON_NONE;
}

/* ---- the call ---- */

struct listing {
    struct feed feed; /* first */
    struct list list;
    struct bytes *message;
};

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    bool done;
    (void)ahead;
    if (list_step(&((struct listing *)feed)->list, message, &done, error))
        return FEED_FAILED;
    return done ? FEED_LAST : FEED_MORE;
}

static void end(struct feed *feed)
{
    (void)feed; /* nobody else knows it */
}

static void free_listing(struct feed *feed)
{
    bytes_unref(((struct listing *)feed)->message);
    free(feed);
}

static const struct feed_maker maker = {.make = make, .end = end, .free = free_listing};

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct store *store = service;
    struct error error;
    struct list_request request;
    if (list_request_decode(bytes_span(message), &request, &error)) {
        serve_finish(call, &error);
        return;
    }
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) {
        error_set(&error, REASON_BUSY, "no memory for another call: try again later");
        serve_finish(call, &error);
        return;
    }
    listing->feed = (struct feed){.call = call, .readers = store->readers, .maker = &maker};
    listing->message = bytes_ref(message);
    list_start(&listing->list, store, &request);
    feed_init(&listing->feed);
    feed_start(&listing->feed);
}

const struct serve_method list_method = {.path = "/muon.v1.PhotonService/ListStreams",
                                         .gives_stream = true,
                                         .begin = begin,
                                         .sent = feed_sent,
                                         .lost = feed_lost,
                                         .gone = feed_gone};
