/*
 * backward.c - see backward.h.
 *
 * Frames can be walked forwards only, so those of a record are noted first and then given from the last one. Numbers and versions
 * are dense in this direction, too: what is missing is noticed.
 */
#include "store/backward.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/gone.h"
#include "store/locate.h"
#include "store/pick.h"
#include "store/stream.h"

/* The frames of one record that may be given, in the order of their ordinals. */
struct noted {
    struct span *frames;
    size_t len;
};

static enum reason unavailable(struct error *error)
{
    return error_set(error, REASON_STORE_UNAVAILABLE, "the store cannot be read now: try again");
}

/* ---- opening ---- */

static enum reason open_order_id(struct backward *b, const struct subscribe_request *request,
                                 uint64_t head, struct error *error)
{
    enum reason reason = REASON_NONE;
    b->bound = head + 1;
    if (request->from_kind == FROM_ORDER_ID && request->from < head)
        b->bound = request->from + 1;
    else if (request->from_kind == FROM_TIME && (int64_t)request->from < INT64_MAX)
        reason = locate_time(b->store->log, (int64_t)request->from + 1, head, &b->bound, error);
    return reason;
}

static enum reason open_stream(struct backward *b, const struct subscribe_request *request,
                               struct error *error)
{
    struct cut cut;
    enum reason reason = locate_cut(b->store->log, b->filter.name, &cut, error);
    if (!reason)
        reason = locate_version(b->store->log, b->filter.name, b->bound, &b->bound_version, error);
    b->cut_version = cut.version;
    if (request->from_kind == FROM_VERSION && request->from < b->bound_version)
        b->bound_version = request->from + 1;
    return reason;
}

enum reason backward_open(struct backward *b, struct store *store, struct bytes *message,
                          const struct subscribe_request *request, uint64_t head,
                          struct error *error)
{
    *b = (struct backward){.store = store, .message = bytes_ref(message)};
    b->left = request->limit ? request->limit : UINT64_MAX;
    enum reason reason =
        filter_init(&b->filter, request, store->gone) ? REASON_NONE : pick_no_memory(error);
    if (!reason)
        reason = open_order_id(b, request, head, error);
    if (!reason && b->filter.kind == FILTER_STREAM)
        reason = open_stream(b, request, error);
    if (reason)
        backward_close(b);
    return reason;
}

void backward_close(struct backward *b)
{
    bytes_unref(b->message);
    filter_fini(&b->filter);
    *b = (struct backward){0};
}

/* ---- giving what was noted ---- */

/* From the last to the first; the frames end where the limit is reached. */
static enum reason give(struct backward *b, struct noted *noted, struct cursor_batch *batch,
                        struct error *error)
{
    while (noted->len > 0 && b->left > 0) {
        struct span rest = noted->frames[--noted->len], frame, event;
        record_next(&rest, &frame, &event);
        int wanted = filter_wants(&b->filter, event);
        if (wanted < 0)
            return pick_malformed(error, b->bound);
        if (wanted == 0) {
            batch->passed++;
            continue;
        }
        if (!parts_copy(&batch->parts, frame))
            return pick_no_memory(error);
        batch->events++;
        b->left--;
    }
    return REASON_NONE;
}

static bool is_full(const struct backward *b, const struct cursor_batch *batch, size_t bytes_max)
{
    return b->left == 0 || batch->passed >= CURSOR_PASSED_MAX || batch->parts.bytes >= bytes_max;
}

static bool noted_open(struct noted *noted, size_t max)
{
    *noted = (struct noted){.frames = calloc(max, sizeof *noted->frames)};
    return noted->frames;
}

/* ---- records ---- */

static enum reason read_record(struct backward *b, const struct record *record,
                               struct cursor_batch *batch, struct error *error)
{
    struct noted noted;
    struct span rest = record->body, frame, event;
    enum reason reason = REASON_NONE;
    if (!noted_open(&noted, record->count))
        return pick_no_memory(error);
    for (uint64_t order_id = record->first;
         order_id <= record->last && order_id < b->bound && !reason; order_id++) {
        if (record_next(&rest, &frame, &event) == 1)
            noted.frames[noted.len++] = frame;
        else
            reason = pick_malformed(error, order_id);
    }
    if (!reason)
        reason = give(b, &noted, batch, error);
    free(noted.frames);
    if (!reason) {
        b->bound = record->first;
        b->number = record->number;
    }
    return reason;
}

/* The record under the iterator must come right before the one that was looked at last. 1; 0: the beginning; -1: *error. */
static int record_here(struct backward *b, struct log_iter *iter, struct record *record,
                       struct error *error)
{
    uint64_t order_id;
    bool valid = log_iter_valid(iter) && key_record_read(log_iter_key(iter), &order_id);
    if (!log_iter_valid(iter) && log_iter_fault(iter, error))
        return -1;
    if (valid && record_open(order_id, log_iter_value(iter), record, error))
        return -1;
    if (b->number && b->number != (valid ? record->number + 1 : 1)) {
        error_set(error, REASON_CORRUPT,
                  "record number %" PRIu64 " is missing, before the order id %" PRIu64
                  "; run photond verify, restore a backup",
                  b->number - 1, b->bound);
        return -1;
    }
    return valid;
}

static enum reason read_records(struct backward *b, struct log_iter *iter, size_t bytes_max,
                                struct cursor_batch *batch, struct error *error)
{
    struct record record;
    enum reason reason = REASON_NONE;
    struct key key = key_record(b->bound);
    int found;
    log_iter_seek_before(iter, key_span(&key));
    while ((found = record_here(b, iter, &record, error)) == 1) {
        reason = read_record(b, &record, batch, error);
        if (reason || is_full(b, batch, bytes_max))
            return reason;
        log_iter_prev(iter);
    }
    batch->done = found == 0;
    return found == -1 ? error->reason : REASON_NONE;
}

/* ---- one stream ---- */

/* Note the extent's frames up to the bound, checking that they are what the index says. */
static enum reason note_extent(struct backward *b, const struct located *at,
                               const struct record *record, struct noted *noted,
                               struct error *error)
{
    struct extent extent = at->extent;
    struct extent_run run;
    struct span rest = record->body, frame, event;
    bool fault = false;
    uint64_t version = at->version;
    uint32_t ordinal = 0;
    while (extent_next(&extent, &run, &fault))
        for (uint32_t i = 0; i < run.count && version < b->bound_version; i++, version++) {
            while (ordinal <= run.ordinal + i) {
                if (record_next(&rest, &frame, &event) != 1)
                    return pick_malformed(error, record->first + ordinal);
                ordinal++;
            }
            if (version <= b->cut_version)
                continue;
            if (stream_check(b->filter.name, version, record->first, event, error))
                return error->reason;
            noted->frames[noted->len++] = frame;
        }
    return REASON_NONE;
}

/* Versions from this one up to the bound are not in the index: have they been deleted meanwhile? */
static enum reason check_gap(struct backward *b, uint64_t version, struct error *error)
{
    struct cut cut;
    enum reason reason = locate_cut(b->store->log, b->filter.name, &cut, error);
    if (reason)
        return reason;
    b->cut_version = cut.version;
    if (b->bound_version > cut.version + 1)
        return error_set(error, REASON_CORRUPT,
                         "versions %" PRIu64 " to %" PRIu64
                         " of stream \"%.*s\" are missing from its index; run photond verify",
                         version > cut.version ? version : cut.version + 1, b->bound_version - 1,
                         (int)b->filter.name.len, (const char *)b->filter.name.data);
    return REASON_NONE;
}

static enum reason read_extent(struct backward *b, const struct located *at,
                               struct cursor_batch *batch, struct error *error)
{
    struct noted noted;
    struct bytes *value;
    struct record record;
    if (at->last_version + 1 < b->bound_version && check_gap(b, at->last_version + 1, error))
        return error->reason;
    if (!noted_open(&noted, at->last_version - at->version + 1))
        return pick_no_memory(error);
    enum reason reason =
        stream_record(b->store, b->filter.name, at->extent.record, &value, &record, error);
    if (!reason) {
        reason = note_extent(b, at, &record, &noted, error);
        if (!reason)
            reason = give(b, &noted, batch, error);
        bytes_unref(value);
    }
    free(noted.frames);
    if (!reason)
        b->bound_version = at->version;
    return reason;
}

static enum reason read_stream(struct backward *b, struct log_iter *iter, size_t bytes_max,
                               struct cursor_batch *batch, struct error *error)
{
    struct located at;
    enum reason reason = REASON_NONE;
    int found = 1;
    while (b->bound_version > b->cut_version + 1) {
        found = batch->events + batch->passed == 0
                    ? locate_before(iter, b->filter.name, b->bound_version - 1, &at, error)
                    : locate_prev(iter, b->filter.name, &at, error);
        if (found != 1)
            break;
        reason = read_extent(b, &at, batch, error);
        if (reason || is_full(b, batch, bytes_max))
            return reason;
    }
    if (found == 0)
        reason = check_gap(b, 1, error);
    batch->done = true;
    return found == -1 ? error->reason : reason;
}

enum reason backward_read(struct backward *b, size_t bytes_max, struct cursor_batch *batch,
                          struct error *error)
{
    *batch = (struct cursor_batch){0};
    struct log_iter *iter = log_iter_open(b->store->log, LOG_READ);
    if (!iter)
        return unavailable(error);
    gone_enter(b->store->gone);
    enum reason reason = b->filter.kind == FILTER_STREAM
                             ? read_stream(b, iter, bytes_max, batch, error)
                             : read_records(b, iter, bytes_max, batch, error);
    gone_leave(b->store->gone);
    log_iter_close(iter);
    if (reason == REASON_CORRUPT && batch->events > 0)
        reason = REASON_NONE; /* the next step meets it again */
    if (!reason && !parts_close(&batch->parts))
        reason = pick_no_memory(error);
    if (reason)
        parts_clear(&batch->parts);
    batch->done |= b->left == 0;
    return reason;
}
