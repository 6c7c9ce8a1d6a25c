/*
 * list.c - see list.h.
 *
 * The index of streams is not walked but skipped through: from a stream's first entry to its last, and from there to the next
 * stream. A pattern's text before its first wildcard narrows the walk.
 */
#include "store/list.h"

#include <stdlib.h>
#include <string.h>

#include "store/feed.h"
#include "store/locate.h"
#include "store/pattern.h"
#include "wire/text.h"

enum { STEP_BYTES = 64 * 1024, STEP_STREAMS = 1000 };

void list_start(struct list *list, struct store *store, const struct list_request *request)
{
    *list =
        (struct list){.store = store, .pattern = request->pattern, .after_len = request->after.len};
    if (request->after.len)
        memcpy(list->after, request->after.data, request->after.len);
    list->left = request->max ? request->max : UINT64_MAX;
    list->last = atomic_load(&store->head);
}

static struct span after(const struct list *list)
{
    return (struct span){(const uint8_t *)list->after, list->after_len};
}

/* As LevelDB orders keys. */
static bool is_before(const struct key *a, const struct key *b)
{
    int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
    return order < 0 || (order == 0 && a->len < b->len);
}

/* To the first entry of the next stream. */
static void seek_next(const struct list *list, struct log_iter *iter)
{
    struct key begin = key_streams(pattern_prefix(list->pattern));
    struct key next = list->after_len ? key_stream_end(after(list)) : begin;
    log_iter_seek(iter, is_before(&begin, &next) ? key_span(&next) : key_span(&begin));
}

static bool is_listed(const struct list *list, struct span name)
{
    return list->pattern.len == 0 ? !text_is_reserved(name) : pattern_match(list->pattern, name);
}

/* The stream's entry that the iterator stands on is its first: a cut, or an extent. *info is set if it holds events. */
static int describe(const struct list *list, struct log_iter *iter, struct stream_info *info,
                    struct error *error)
{
    struct located at;
    struct span name = after(list);
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
    if (found != 1 || at.last_version <= cut.version)
        return found == -1 ? -1 : 0;
    *info = (struct stream_info){.stream_name = name,
                                 .total_events = at.last_version - cut.version,
                                 .last_version = at.last_version,
                                 .last_order_id = locate_order_id(&at, at.last_version)};
    return 1;
}

static bool put(struct parts *parts, const struct stream_info *info)
{
    struct bytes *part = stream_info_part(info);
    bool ok = part && parts_copy(parts, bytes_span(part));
    bytes_unref(part);
    return ok;
}

/* Stand on the next stream and remember its name. 1; 0: there is none; -1: *error. */
static int next_stream(struct list *list, struct log_iter *iter, struct error *error)
{
    struct span name;
    uint64_t version;
    seek_next(list, iter);
    if (!log_iter_valid(iter))
        return log_iter_fault(iter, error) ? -1 : 0;
    if (!key_extent_read(log_iter_key(iter), &name, &version) || name.len > sizeof list->after ||
        !pattern_begins(name, pattern_prefix(list->pattern)))
        return 0;
    memcpy(list->after, name.data, name.len);
    list->after_len = name.len;
    return 1;
}

static int walk(struct list *list, struct log_iter *iter, struct parts *parts, struct error *error)
{
    bool one = list->pattern.len && !text_is_pattern(list->pattern);
    int found = 1;
    for (int i = 0; i < STEP_STREAMS && parts->bytes < STEP_BYTES && list->left > 0; i++) {
        struct stream_info info;
        found = next_stream(list, iter, error);
        if (found != 1)
            return found;
        if (!is_listed(list, after(list))) {
            if (one)
                return 0;
            continue;
        }
        int holds = describe(list, iter, &info, error);
        if (holds == -1)
            return -1;
        if (holds == 1 && !put(parts, &info)) {
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

static enum feed_result make(struct feed *feed, bool ahead, struct parts *message,
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
    feed_start(&listing->feed);
}

const struct serve_method list_method = {.path = "/muon.v1.PhotonService/ListStreams",
                                         .gives_stream = true,
                                         .begin = begin,
                                         .sent = feed_sent,
                                         .lost = feed_lost,
                                         .gone = feed_gone};
