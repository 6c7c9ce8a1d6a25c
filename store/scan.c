/*
 * scan.c - walking the records.
 *
 * Records are numbered densely, so one that has vanished is noticed although order ids have gaps (semantics 1): what comes
 * must be the successor of what came. A scan that starts in the middle takes its bearings from the record before.
 */
#include "store/scan.h"

#include <assert.h>
#include <inttypes.h>

#include "store/keys.h"

void scan_open(struct scan *scan, struct store *store, uint64_t number)
{
    *scan = (struct scan){.store = store, .number = number};
}

/* Once next is beyond a record, that one is the last before what is wanted. */
static void settle(struct scan *scan, uint64_t next)
{
    if (scan->record.count)
        scan->number = scan->record.number - (next <= scan->record.last);
}

uint64_t scan_close(struct scan *scan, uint64_t next)
{
    settle(scan, next);
    bytes_unref(scan->value);
    if (scan->iter)
        log_iter_close(scan->iter);
    scan->value = NULL;
    scan->iter = NULL;
    return scan->number;
}

static int missing(struct error *error, uint64_t number, uint64_t after, uint64_t before)
{
    error_set(error, REASON_CORRUPT,
              "record number %" PRIu64 " is missing, between the order ids %" PRIu64 " and %" PRIu64
              "; run photond verify, restore a backup",
              number, after, before);
    return -1;
}

/* Is the record the one that must come? */
static int accept(struct scan *scan, const struct record *record, uint64_t next,
                  struct error *error)
{
    if (scan->number != SCAN_NUMBER_UNKNOWN && record->number != scan->number + 1)
        return missing(error, scan->number + 1, next, record->first);
    if (record->last < next)
        return missing(error, record->number + 1, record->last, next);
    scan->record = *record;
    return 1;
}

/* ---- from memory ---- */

static int next_in_memory(struct scan *scan, uint64_t next, uint64_t head, struct error *error)
{
    struct record record;
    bytes_unref(scan->value);
    scan->value = NULL;
    if (!tail_find(scan->store->tail, next, &scan->value, &record))
        return 0;
    if (record.first > head)
        return missing(error, record.number - 1, next, record.first);
    return accept(scan, &record, next, error);
}

/* ---- from disk ---- */

/* The record under the iterator: 1, *record; 0: there is none; -1: *error. */
static int here(struct log_iter *iter, struct record *record, struct error *error)
{
    uint64_t order_id;
    if (!log_iter_valid(iter))
        return log_iter_fault(iter, error) ? -1 : 0;
    if (!key_record_read(log_iter_key(iter), &order_id))
        return 0;
    return record_open(order_id, log_iter_value(iter), record, error) ? -1 : 1;
}

static void seek(struct log_iter *iter, uint64_t order_id)
{
    struct key key = key_record(order_id);
    log_iter_seek(iter, key_span(&key));
}

/* Going by its key alone, may the record under the iterator hold next? It has at most EXTENT_RUNS_MAX events. */
static bool may_hold(struct log_iter *iter, uint64_t next)
{
    uint64_t first;
    return log_iter_valid(iter) && key_record_read(log_iter_key(iter), &first) &&
           next - first < EXTENT_RUNS_MAX;
}

/* Is the iterator at the record that the scan has done with? If its header is damaged, what follows does not fit. */
static bool at_number(struct log_iter *iter, uint64_t number)
{
    uint64_t first;
    return log_iter_valid(iter) && key_record_read(log_iter_key(iter), &first) &&
           log_iter_value(iter).len >= RECORD_HEADER_BYTES &&
           record_number(log_iter_value(iter).data) == number;
}

/* Does a record begin at next? Stand on the first that begins there or later. */
static bool begins_at(struct log_iter *iter, uint64_t next)
{
    uint64_t first;
    seek(iter, next);
    return log_iter_valid(iter) && key_record_read(log_iter_key(iter), &first) && first == next;
}

/* Stand on the record that holds next, or on the first after it; learn the number of the one before, if it is not known. A
 * damaged record before next is nobody's business here, unless it may hold next. */
static bool position(struct scan *scan, uint64_t next, struct error *error)
{
    bool known = scan->number != SCAN_NUMBER_UNKNOWN;
    struct key behind = key_record(next + 1);
    log_iter_seek_before(scan->iter, key_span(&behind));
    if (known && at_number(scan->iter, scan->number)) {
        log_iter_next(scan->iter);
        return true;
    }
    struct record record;
    int found = here(scan->iter, &record, error);
    if (found == 1 && record.last >= next)
        return true;
    bool may = found == -1 && may_hold(scan->iter, next);
    if (found != -1 && !known)
        scan->number = found ? record.number : 0;
    return begins_at(scan->iter, next) || !may || known;
}

static int next_on_disk(struct scan *scan, uint64_t next, uint64_t head, struct error *error)
{
    if (scan->iter) {
        log_iter_next(scan->iter);
    } else {
        scan->iter = log_iter_open(scan->store->log, LOG_SCAN_RECORDS);
        if (!scan->iter) {
            error_set(error, REASON_STORE_UNAVAILABLE, "the store cannot be read now: try again");
            return -1;
        }
        if (!position(scan, next, error))
            return -1;
    }
    struct record record;
    int found = here(scan->iter, &record, error);
    if (found == -1)
        return -1;
    if (found == 0 || record.first > head)
        return missing(error, scan->number + 1, next, head);
    return accept(scan, &record, next, error);
}

int scan_next(struct scan *scan, uint64_t next, uint64_t head, struct error *error)
{
    if (next > head)
        return 0;
    settle(scan, next);
    int found = scan->iter ? 0 : next_in_memory(scan, next, head, error);
    if (found || scan->memory_only)
        return found;
    return next_on_disk(scan, next, head, error);
}
