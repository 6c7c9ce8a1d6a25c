/*
 * stream.c - see stream.h.
 *
 * The index is derived from the records, so it is not believed: the first event of each run must be the one that the index says.
 * Versions are dense; where some are missing they have been deleted, which the stream's cut tells, or the index has a hole. A part
 * that was deleted ends the step, so that the reader can be told before it gets what is behind.
 */
#include "store/stream.h"

#include <inttypes.h>

#include "store/gone.h"
#include "store/locate.h"
#include "store/pick.h"
#include "store/record_cache.h"
#include "store/scan.h"
#include "wire/event.h"
#include "wire/text.h"

/* In the tail or in the cache. */
static bool in_memory(struct store *store, uint64_t order_id, struct bytes **value,
                      struct record *record)
{
    if (tail_find(store->tail, order_id, value, record)) {
        if (record->first == order_id)
            return true;
        bytes_unref(*value);
        *value = NULL;
    }
    return record_cache_get(store->cache, order_id, value, record);
}

enum reason stream_record(struct store *store, struct span stream, uint64_t order_id,
                          struct bytes **value, struct record *record, struct error *error)
{
    if (in_memory(store, order_id, value, record))
        return REASON_NONE;
    struct key key = key_record(order_id);
    enum reason reason = log_get(store->log, key_span(&key), value, error);
    if (reason)
        return reason;
    if (!*value)
        return error_set(
            error, REASON_CORRUPT,
            "record %" PRIu64
            " is missing, which stream \"%.*s\" needs; run photond verify, restore a backup",
            order_id, (int)stream.len, (const char *)stream.data);
    reason = record_open(order_id, bytes_span(*value), record, error);
    if (reason)
        bytes_unref(*value);
    else
        record_cache_put(store->cache, *value, record);
    return reason;
}

enum reason stream_check(struct span stream, uint64_t version, uint64_t record, struct span event,
                         struct error *error)
{
    struct event fields;
    if (filter_erased(event) || (event_read(event, &fields) && fields.version == version &&
                                 text_equal(fields.stream_name, stream)))
        return REASON_NONE;
    return error_set(error, REASON_CORRUPT,
                     "the index of stream \"%.*s\" does not fit record %" PRIu64
                     " at version %" PRIu64 "; run photond verify",
                     (int)stream.len, (const char *)stream.data, record, version);
}

/* ---- one extent ---- */

struct walk {
    struct pick pick;
    struct log_iter *iter;    /* over the extents */
    struct log_iter *records; /* at one that was read, or NULL */
    struct record record;     /* the last one */
    struct span rest;         /* of the record's body */
    uint32_t ordinal;         /* of the frame at rest */
    uint64_t version;         /* of the event that comes next in the extent */
    bool open;                /* every event of the stream is wanted */
    bool check;               /* the next event begins a run */
};

/* The frame at an ordinal, which never decreases. */
static bool walk_to(struct walk *walk, uint32_t ordinal, struct span *frame, struct span *event)
{
    while (walk->ordinal <= ordinal) {
        if (record_next(&walk->rest, frame, event) != 1)
            return false;
        walk->ordinal++;
    }
    return true;
}

static enum reason read_event(struct walk *walk, uint32_t ordinal, struct error *error)
{
    struct cursor *cursor = walk->pick.cursor;
    struct span frame, event;
    uint64_t order_id = walk->record.first + ordinal;
    if (!walk_to(walk, ordinal, &frame, &event))
        return pick_malformed(error, order_id);
    walk->pick.cut = filter_erased(event) ||
                     gone_covers(cursor->filter.gone, cursor->filter.name, walk->version);
    if (walk->pick.cut) /* since the index was looked at */
        return REASON_NONE;
    if ((walk->check || !walk->open) &&
        stream_check(cursor->filter.name, walk->version, walk->record.first, event, error))
        return error->reason;
    walk->check = false;
    int wanted = walk->open ? 1 : filter_wants(&cursor->filter, event);
    if (wanted < 0)
        return pick_malformed(error, order_id);
    if (wanted == 0)
        pick_pass(&walk->pick, 1);
    else if (!pick_take(&walk->pick, frame))
        return pick_no_memory(error);
    cursor->at.next = order_id + 1;
    cursor->at.next_version = walk->version + 1;
    return REASON_NONE;
}

static enum reason read_runs(struct walk *walk, struct extent extent, struct error *error)
{
    struct extent_run run;
    bool fault = false;
    enum reason reason = REASON_NONE;
    while (!reason && extent_next(&extent, &run, &fault))
        for (uint32_t i = 0; i < run.count && !reason; i++) {
            if (pick_is_over(&walk->pick))
                return REASON_NONE;
            walk->check |= i == 0;
            if (walk->version >= walk->pick.cursor->at.next_version)
                reason = read_event(walk, run.ordinal + i, error);
            walk->version++;
        }
    return reason;
}

static bool stands_on(const struct log_iter *records, uint64_t order_id)
{
    uint64_t first;
    return log_iter_valid(records) && key_record_read(log_iter_key(records), &first) &&
           first == order_id;
}

/* By an iterator, which copies nothing; in a row: the record is likely to be the next. */
static bool read_in_place(struct walk *walk, uint64_t order_id, bool in_row)
{
    struct key key = key_record(order_id);
    struct error ignored; /* whoever reads the record by its key meets it again */
    if (!walk->records)
        walk->records = log_iter_open(walk->pick.cursor->store->log, LOG_SCAN_RECORDS);
    else if (in_row)
        log_iter_next(walk->records);
    if (walk->records && !stands_on(walk->records, order_id))
        log_iter_seek(walk->records, key_span(&key));
    if (walk->records && stands_on(walk->records, order_id) &&
        !record_open(order_id, log_iter_value(walk->records), &walk->record, &ignored))
        return true;
    log_iter_close(walk->records);
    walk->records = NULL;
    return false;
}

/* A long stream is read as everything is, record after record. Else what is not in memory is worth its copy, which is kept, if it is the first
 * of a step, and so likely to be the only one, or was wanted before. *value: a new reference, or NULL: the record is the iterator's, until
 * that moves. */
static enum reason read_record(struct walk *walk, uint64_t order_id, struct bytes **value,
                               struct error *error)
{
    struct cursor *cursor = walk->pick.cursor;
    struct store *store = cursor->store;
    bool in_row = cursor->at.in_row, first = walk->record.count == 0;
    *value = NULL;
    bool found = in_row ? read_in_place(walk, order_id, true)
                        : in_memory(store, order_id, value, &walk->record) ||
                              (!first && !record_cache_wants(store->cache, order_id) &&
                               read_in_place(walk, order_id, false));
    if (!found) {
        enum reason reason =
            stream_record(store, cursor->filter.name, order_id, value, &walk->record, error);
        if (reason)
            return reason;
    }
    cursor->at.in_row = walk->record.number == cursor->at.read + 1;
    cursor->at.read = walk->record.number;
    return REASON_NONE;
}

static enum reason read_extent(struct walk *walk, const struct located *at, struct error *error)
{
    struct cursor *cursor = walk->pick.cursor;
    struct bytes *value;
    enum reason reason = read_record(walk, at->extent.record, &value, error);
    if (reason)
        return reason;
    if (walk->record.time_ms < cursor->time_min_ms) {
        pick_pass(&walk->pick, at->last_version - at->version + 1);
        cursor->at.next = walk->record.last + 1;
        cursor->at.next_version = at->last_version + 1;
    } else {
        walk->rest = walk->record.body;
        walk->ordinal = 0;
        walk->version = at->version;
        walk->open = filter_is_open_in_stream(&cursor->filter);
        walk->pick.value = value;
        reason = read_runs(walk, at->extent, error);
        if (!pick_flush(&walk->pick))
            reason = pick_no_memory(error);
    }
    bytes_unref(value);
    return reason;
}

/* ---- from extent to extent ---- */

/* Where the cursor stands is known by order id only. */
static enum reason find_version(struct cursor *cursor, struct error *error)
{
    struct cut cut;
    uint64_t version;
    enum reason reason = locate_cut(cursor->store->log, cursor->filter.name, &cut, error);
    if (!reason)
        reason = locate_version(cursor->store->log, cursor->filter.name, cursor->at.next, &version,
                                error);
    if (reason)
        return reason;
    cursor_cut(cursor, &cut);
    if (cursor->at.next_version < version)
        cursor->at.next_version = version;
    cursor->at.located = true;
    return REASON_NONE;
}

/* The cursor's next version is gone, or not in the index: go on behind the cut that says so. next: the version of the extent that was
 * found instead. */
static enum reason read_cut(struct cursor *cursor, uint64_t next, struct error *error)
{
    struct cut cut;
    uint64_t version = cursor->at.next_version;
    enum reason reason = locate_cut(cursor->store->log, cursor->filter.name, &cut, error);
    if (reason)
        return reason;
    if (version > cut.version)
        return error_set(error, REASON_CORRUPT,
                         "versions %" PRIu64 " to %" PRIu64
                         " of stream \"%.*s\" are missing from its index; run photond verify",
                         version, next > version ? next - 1 : version, (int)cursor->filter.name.len,
                         (const char *)cursor->filter.name.data);
    cursor_cut(cursor, &cut);
    return REASON_NONE;
}

/* There is no further extent: everything has been given, or what was left is gone. */
static enum reason read_end(struct cursor *cursor, uint64_t head, struct error *error)
{
    struct cut cut;
    enum reason reason = locate_cut(cursor->store->log, cursor->filter.name, &cut, error);
    if (reason)
        return reason;
    cursor_cut(cursor, &cut);
    cursor_skip(cursor, head + 1);
    return REASON_NONE;
}

static enum reason read_extents(struct walk *walk, uint64_t head, struct error *error)
{
    struct cursor *cursor = walk->pick.cursor;
    struct span name = cursor->filter.name;
    struct located at;
    enum reason reason = REASON_NONE;
    int found = locate_find(walk->iter, name, cursor->at.next_version, &at, error);
    while (found == 1 && at.extent.record <= head && !reason && !pick_is_full(&walk->pick)) {
        walk->pick.cut = at.version > cursor->at.next_version ||
                         gone_covers(cursor->filter.gone, name, cursor->at.next_version);
        if (!walk->pick.cut)
            reason = read_extent(walk, &at, error);
        if (!reason && walk->pick.cut) {
            reason = read_cut(cursor, at.version, error);
            walk->pick.cut = cursor->at.truncated > 0;
            found = locate_find(walk->iter, name, cursor->at.next_version, &at, error);
        } else if (!reason && cursor->at.next_version > at.last_version) {
            found = locate_next(walk->iter, name, &at, error);
        }
    }
    if (found == -1)
        return error->reason;
    if (!reason && !walk->pick.cut && (found == 0 || at.extent.record > head))
        reason = read_end(cursor, head, error);
    return reason;
}

enum reason stream_read(struct cursor *cursor, uint64_t head, size_t bytes_max,
                        struct cursor_batch *batch, struct error *error)
{
    enum reason reason = cursor->at.located ? REASON_NONE : find_version(cursor, error);
    if (reason || cursor->at.truncated)
        return reason;
    struct walk walk = {.pick = {.cursor = cursor, .batch = batch, .bytes_max = bytes_max}};
    walk.iter = log_iter_open(cursor->store->log, LOG_READ);
    if (!walk.iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "the store cannot be read now: try again");
    cursor->at.number = SCAN_NUMBER_UNKNOWN;
    reason = read_extents(&walk, head, error);
    log_iter_close(walk.records);
    log_iter_close(walk.iter);
    return reason;
}
