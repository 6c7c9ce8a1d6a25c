/*
 * tailcheck.c - see tailcheck.h.
 *
 * Walks back from the last record: each must open, and be its successor's predecessor by number, order id and time. A walk that gets to
 * the first record must have come to number 1. It goes over all that LevelDB has replayed and one record further: LevelDB takes whatever
 * is missing at the end of a log or of its MANIFEST for a write that a crash cut off, so when an older log is cut short, or a table is
 * forgotten, the hole is before what the newest log holds. Of the last record, the newest events must be found through both indexes: a batch is
 * written whole or not at all, so if they are there, everything that was written with them is.
 */
#include "store/tailcheck.h"

#include <inttypes.h>

#include "store/keys.h"
#include "wire/event.h"
#include "wire/text.h"

enum { RECORDS_CHECKED = 16, EVENTS_CHECKED = 256 };

static enum log_fault fault_of(enum reason reason)
{
    return reason == REASON_CORRUPT ? LOG_DAMAGED : LOG_FAILED;
}

static enum log_fault damaged(struct error *error, uint64_t order_id, const char *what)
{
    error_set(error, REASON_CORRUPT,
              "the store is damaged near its end: record %" PRIu64 ": %s; run photond verify",
              order_id, what);
    return LOG_DAMAGED;
}

/* ---- the indexes ---- */

static enum log_fault check_id(struct log *log, const struct event *event, struct error *error)
{
    if (event->event_id.len == 0 || event->event_id.len > NAME_BYTES_MAX)
        return damaged(error, event->order_id, "an event has no event id");
    struct key key = key_event_id(event->event_id);
    struct bytes *value;
    struct id_entry entry;
    enum reason reason = log_get(log, key_span(&key), &value, error);
    if (reason != REASON_NONE)
        return fault_of(reason);
    bool ok = value && id_entry_decode(bytes_span(value), &entry) &&
              entry.order_id == event->order_id && entry.version == event->version &&
              entry.time_ms == event->event_time;
    bytes_unref(value);
    return ok ? LOG_OK : damaged(error, event->order_id, "an event id has no entry, or another's");
}

/* Does the extent hold the version at this place? */
static bool extent_holds(struct span value, uint64_t from, uint64_t version, uint64_t record,
                         uint32_t ordinal)
{
    struct extent extent;
    struct extent_run run;
    bool fault = false;
    if (!extent_decode(value, &extent) || extent.record != record)
        return false;
    for (; extent_next(&extent, &run, &fault); from += run.count)
        if (version - from < run.count)
            return run.ordinal + (version - from) == ordinal;
    return false;
}

static enum log_fault check_extent(struct log *log, const struct event *event,
                                   const struct record *record, struct error *error)
{
    if (text_name_fault(event->stream_name) || event->version == 0 || event->version == UINT64_MAX)
        return damaged(error, event->order_id, "an event has no stream or no version");
    struct log_iter *iter = log_iter_open(log, LOG_READ);
    if (!iter) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory to check the store");
        return LOG_FAILED;
    }
    struct key beyond = key_extent(event->stream_name, event->version + 1);
    log_iter_seek_before(iter, key_span(&beyond));
    struct span stream;
    uint64_t from;
    enum log_fault fault = LOG_OK;
    enum reason reason = log_iter_fault(iter, error);
    if (reason != REASON_NONE)
        fault = fault_of(reason);
    else if (!log_iter_valid(iter) || !key_extent_read(log_iter_key(iter), &stream, &from) ||
             from == 0 || !text_equal(stream, event->stream_name) ||
             !extent_holds(log_iter_value(iter), from, event->version, record->first,
                           (uint32_t)(event->order_id - record->first)))
        fault = damaged(error, event->order_id, "an event is not in its stream's index");
    log_iter_close(iter);
    return fault;
}

/* The last record's newest events: frames parse, numbers agree, indexes know them. An erased event has no name to look up. */
static enum log_fault check_events(struct log *log, const struct record *record,
                                   struct error *error)
{
    struct span rest = record->body, frame, raw;
    int more;
    uint32_t ordinal = 0;
    for (; (more = record_next(&rest, &frame, &raw)) == 1; ordinal++) {
        struct event event;
        if (!event_read(raw, &event) || event.order_id != record->first + ordinal ||
            event.event_time != record->time_ms)
            return damaged(error, record->first + ordinal,
                           "an event contradicts its record's header");
        if (record->count - ordinal > EVENTS_CHECKED || event.stream_name.len == 0)
            continue;
        enum log_fault fault = check_id(log, &event, error);
        if (fault == LOG_OK)
            fault = check_extent(log, &event, record, error);
        if (fault != LOG_OK)
            return fault;
    }
    return more == 0 && ordinal == record->count
               ? LOG_OK
               : damaged(error, record->first, "its events cannot be told apart");
}

/* ---- the records ---- */

static bool precedes(const struct record *record, const struct record *next)
{
    return record->number + 1 == next->number && record->last < next->first &&
           record->time_ms <= next->time_ms;
}

/* The record under the iterator. false: it is another kind of key, so there are no more records. */
static bool record_here(struct log_iter *iter, struct record *record, enum log_fault *fault,
                        struct error *error)
{
    uint64_t order_id;
    if (!log_iter_valid(iter)) {
        enum reason reason = log_iter_fault(iter, error);
        *fault = reason == REASON_NONE ? LOG_OK : fault_of(reason);
        return false;
    }
    if (!key_record_read(log_iter_key(iter), &order_id))
        return false;
    if (record_open(order_id, log_iter_value(iter), record, error) != REASON_NONE)
        *fault = record_is_newer(order_id, log_iter_value(iter)) ? LOG_FORMAT : LOG_DAMAGED;
    return true;
}

static enum log_fault check_records(struct log *log, size_t replayed, struct log_iter *iter,
                                    struct log_end *end, struct error *error)
{
    enum log_fault fault = LOG_OK;
    struct record record, next = {0};
    struct key beyond = key_record(UINT64_MAX);
    unsigned checked = 0;
    size_t passed = 0;
    bool more = true;
    log_iter_seek_before(iter, key_span(&beyond));
    for (; checked < RECORDS_CHECKED || passed <= replayed; checked++) {
        if (!(more = record_here(iter, &record, &fault, error)))
            break;
        if (fault == LOG_OK && checked == 0) {
            *end = (struct log_end){record.last, record.number, record.time_ms};
            fault = check_events(log, &record, error);
        } else if (fault == LOG_OK && !precedes(&record, &next)) {
            fault = damaged(error, next.first, "the record before it is missing, or out of order");
        }
        if (fault != LOG_OK)
            return fault;
        next = record; /* but for its body, which is not looked at again */
        passed += RECORD_HEADER_BYTES + record.body.len;
        log_iter_prev(iter);
    }
    if (fault == LOG_OK && checked > 0 && !more && next.number != 1)
        fault = damaged(error, next.first, "the records before it are missing");
    return fault;
}

enum log_fault tailcheck_run(struct log *log, uint64_t marked, size_t replayed, struct log_end *end,
                             struct error *error)
{
    *end = (struct log_end){0};
    struct log_iter *iter = log_iter_open(log, LOG_SCAN);
    if (!iter) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory to check the store");
        return LOG_FAILED;
    }
    enum log_fault fault = check_records(log, replayed, iter, end, error);
    log_iter_close(iter);
    if (fault != LOG_OK || end->last_number >= marked)
        return fault;
    error_set(error, REASON_CORRUPT,
              "the store ends with record number %" PRIu64 ", but number %" PRIu64
              " was acknowledged; restore a backup",
              end->last_number, marked);
    return LOG_DAMAGED;
}
