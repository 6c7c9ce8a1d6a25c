/*
 * cursor.c - the one loop behind every kind of reading forwards.
 *
 * Bodies of records are messages already: where nothing is filtered they are passed on whole, after a walk over the frames'
 * lengths that finds erased events.
 */
#include "store/cursor.h"

#include <assert.h>
#include <inttypes.h>

#include "store/gone.h"
#include "store/locate.h"
#include "store/pick.h"
#include "store/scan.h"
#include "store/stream.h"
#include "wire/event.h"
#include "wire/text.h"

/* ---- opening ---- */

/* By order id, as far as that is known without the stream. */
static enum reason open_order_id(struct cursor *cursor, const struct subscribe_request *request,
                                 struct error *error)
{
    uint64_t head = atomic_load(&cursor->store->head);
    enum reason reason = REASON_NONE;
    if (request->type == STREAM_HOT) {
        cursor->at.next = head + 1;
        cursor->at.live = true;
    } else if (request->from_kind == FROM_ORDER_ID) {
        cursor->at.next = request->from;
    } else if (request->from_kind == FROM_TIME) {
        cursor->time_min_ms = (int64_t)request->from;
        reason =
            locate_time(cursor->store->log, cursor->time_min_ms, head, &cursor->at.next, error);
    }
    cursor->at.number = cursor->at.next == 0 ? 0 : SCAN_NUMBER_UNKNOWN;
    return reason;
}

/* A plain stream's own place, by version, and whether its beginning is there. */
static enum reason open_stream(struct cursor *cursor, const struct subscribe_request *request,
                               struct error *error)
{
    struct cut cut;
    enum reason reason = locate_cut(cursor->store->log, cursor->filter.name, &cut, error);
    if (reason)
        return reason;
    if (request->from_kind == FROM_VERSION || cursor->at.next == 0) {
        cursor->at.next_version = request->from_kind == FROM_VERSION ? request->from : 0;
        cursor->at.located = true;
    }
    cursor_cut(cursor, &cut);
    return REASON_NONE;
}

/* A plain stream's reader who wants only what comes. */
static enum reason open_hot(struct cursor *cursor, struct error *error)
{
    return locate_version(cursor->store->log, cursor->filter.name, cursor->at.next,
                          &cursor->at.next_version, error);
}

enum reason cursor_open(struct cursor *cursor, struct store *store, struct bytes *message,
                        const struct subscribe_request *request, struct error *error)
{
    *cursor =
        (struct cursor){.store = store, .message = bytes_ref(message), .time_min_ms = INT64_MIN};
    cursor->at.left = request->limit ? request->limit : UINT64_MAX;
    enum reason reason =
        filter_init(&cursor->filter, request, store->gone) ? REASON_NONE : pick_no_memory(error);
    if (!reason)
        reason = open_order_id(cursor, request, error);
    if (!reason && cursor->filter.kind == FILTER_STREAM)
        reason = request->type == STREAM_HOT ? open_hot(cursor, error)
                                             : open_stream(cursor, request, error);
    if (cursor->at.next == 0)
        cursor->at.next = 1; /* no event has order id 0, and an empty store's head is 0 */
    if (reason)
        cursor_close(cursor);
    return reason;
}

void cursor_close(struct cursor *cursor)
{
    bytes_unref(cursor->message);
    filter_fini(&cursor->filter);
    *cursor = (struct cursor){0};
}

void cursor_skip(struct cursor *cursor, uint64_t order_id)
{
    if (order_id <= cursor->at.next)
        return;
    cursor->at.next = order_id;
    cursor->at.number = SCAN_NUMBER_UNKNOWN;
}

void cursor_cut(struct cursor *cursor, const struct cut *cut)
{
    struct cursor_at *at = &cursor->at;
    bool misses = at->next_version <= cut->version && at->next <= cut->order_id;
    if (misses && at->told < cut->order_id)
        at->truncated = at->told = cut->order_id;
    if (at->next_version > cut->version)
        return;
    at->next_version = cut->version + 1;
    cursor_skip(cursor, cut->order_id + 1);
}

/* ---- walking records ---- */

/* What filter_wants says, of a plain stream's reader, who follows the versions to know what a cut takes from him. */
static int wants_own(struct pick *pick, struct span event)
{
    struct cursor *cursor = pick->cursor;
    struct event fields;
    if (filter_erased(event))
        return 0;
    if (!event_peek(event, &fields))
        return -1;
    if (!text_equal(fields.stream_name, cursor->filter.name))
        return 0;
    if (!event_read(event, &fields))
        return -1;
    if (fields.version < cursor->at.next_version)
        return 0;
    pick->cut = gone_covers(cursor->filter.gone, fields.stream_name, fields.version);
    if (pick->cut)
        return 0;
    cursor->at.next_version = fields.version + 1;
    return filter_wants(&cursor->filter, event);
}

/* What the reader of a stream was about to be given is gone. */
static enum reason read_cut(struct cursor *cursor, struct error *error)
{
    struct cut cut;
    enum reason reason = locate_cut(cursor->store->log, cursor->filter.name, &cut, error);
    if (!reason)
        cursor_cut(cursor, &cut);
    return reason;
}

static int wants(struct pick *pick, bool all, struct span event)
{
    if (pick->cursor->filter.kind == FILTER_STREAM)
        return wants_own(pick, event);
    return all ? !filter_erased(event) : filter_wants(&pick->cursor->filter, event);
}

static enum reason read_event(struct pick *pick, bool all, struct span frame, struct span event,
                              struct error *error)
{
    struct cursor *cursor = pick->cursor;
    int wanted = wants(pick, all, event);
    if (wanted < 0)
        return pick_malformed(error, cursor->at.next);
    if (pick->cut)
        return read_cut(cursor, error);
    if (wanted == 0)
        pick_pass(pick, 1);
    else if (!pick_take(pick, frame))
        return pick_no_memory(error);
    cursor->at.next++;
    return REASON_NONE;
}

/* The record's events from at.next on, up to where the step ends. */
static enum reason read_frames(struct pick *pick, const struct record *record, struct error *error)
{
    struct cursor *cursor = pick->cursor;
    struct span rest = record->body, frame, event;
    bool all = filter_is_open(&cursor->filter);
    enum reason reason = REASON_NONE;
    for (uint64_t order_id = record->first;
         order_id <= record->last && !reason && !pick_is_over(pick); order_id++) {
        if (record_next(&rest, &frame, &event) != 1)
            reason = pick_malformed(error, order_id);
        else if (order_id >= cursor->at.next)
            reason = read_event(pick, all, frame, event, error);
    }
    return pick_flush(pick) ? reason : pick_no_memory(error);
}

static enum reason read_record(struct pick *pick, const struct record *record, struct error *error)
{
    struct cursor *cursor = pick->cursor;
    if (cursor->at.next < record->first)
        cursor->at.next = record->first;
    if (record->time_ms >= cursor->time_min_ms)
        return read_frames(pick, record, error);
    pick_pass(pick, record->last - cursor->at.next + 1);
    cursor->at.next = record->last + 1;
    return REASON_NONE;
}

static enum reason read_records(struct cursor *cursor, bool memory_only, uint64_t head,
                                size_t bytes_max, struct cursor_batch *batch, struct error *error)
{
    struct pick pick = {.cursor = cursor, .batch = batch, .bytes_max = bytes_max};
    struct scan scan;
    enum reason reason = REASON_NONE;
    int found = 1;
    scan_open(&scan, cursor->store, cursor->at.number);
    scan.memory_only = memory_only;
    while (!reason && !pick_is_full(&pick) &&
           (found = scan_next(&scan, cursor->at.next, head, error)) == 1) {
        pick.value = scan.value;
        reason = read_record(&pick, &scan.record, error);
    }
    cursor->at.number = scan_close(&scan, cursor->at.next);
    if (pick.cut) /* it has skipped */
        cursor->at.number = SCAN_NUMBER_UNKNOWN;
    return found == -1 ? error->reason : reason;
}

/* ---- a step ---- */

/* A reader of one stream that keeps up finds its events in memory. When they are not there, or there are too many of others between
 * them, the index knows better. */
static enum reason read_stream(struct cursor *cursor, uint64_t head, size_t bytes_max,
                               struct cursor_batch *batch, struct error *error)
{
    if (cursor->at.live) {
        uint64_t before = cursor->at.next;
        enum reason reason = read_records(cursor, true, head, bytes_max, batch, error);
        cursor->at.live = cursor->at.next > before && batch->passed < CURSOR_PASSED_MAX;
        if (reason || cursor->at.next > before)
            return reason;
    }
    enum reason reason = stream_read(cursor, head, bytes_max, batch, error);
    cursor->at.live = cursor->at.next > head;
    cursor->at.located = !cursor->at.live;
    return reason;
}

enum reason cursor_read(struct cursor *cursor, uint64_t head, size_t bytes_max,
                        struct cursor_batch *batch, struct error *error)
{
    *batch = (struct cursor_batch){0};
    enum reason reason = REASON_NONE;
    cursor->at.truncated = 0;
    gone_enter(cursor->store->gone);
    if (cursor->at.next <= head && cursor->at.left > 0)
        reason = cursor->filter.kind == FILTER_STREAM
                     ? read_stream(cursor, head, bytes_max, batch, error)
                     : read_records(cursor, false, head, bytes_max, batch, error);
    gone_leave(cursor->store->gone);
    if (reason == REASON_CORRUPT && batch->events > 0)
        reason = REASON_NONE; /* the next step meets it again, and then has nothing else to give */
    if (!reason && !parts_close(&batch->parts))
        reason = pick_no_memory(error);
    if (reason)
        parts_clear(&batch->parts);
    batch->at_head = cursor->at.next > head;
    batch->done = cursor->at.left == 0;
    return reason;
}
