/*
 * erase.c - see erase.h.
 *
 * A step works on one stream and at most STEP_RECORDS of its records; what it has done is gone from the stream's index in the
 * same batch, so the index itself says where to go on. An extent never straddles a cut, because a deletion has a record of its
 * own (builder.c).
 */
#include "store/erase.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/filter.h"
#include "store/gone.h"
#include "store/keys.h"
#include "store/logline.h"
#include "store/record_cache.h"
#include "store/stub.h"

enum { STEP_RECORDS = 16 };

struct pending {
    struct pending *next;
    uint64_t version, deletion;
    size_t stream_len;
    uint8_t stream[];
};

struct erase {
    struct store *store;
    struct log_batch *batch;
    struct pending *first, **last;
};

struct erase *erase_new(struct store *store)
{
    struct erase *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->store = store;
    e->last = &e->first;
    e->batch = log_batch_new();
    if (!e->batch) {
        free(e);
        return NULL;
    }
    return e;
}

static void erase_drop_first(struct erase *e)
{
    struct pending *p = e->first;
    e->first = p->next;
    if (!e->first)
        e->last = &e->first;
    free(p);
}

void erase_free(struct erase *e)
{
    if (!e)
        return;
    while (e->first)
        erase_drop_first(e);
    log_batch_free(e->batch);
    free(e);
}

bool erase_pending(const struct erase *e)
{
    return e->first != NULL;
}

static struct span pending_stream(const struct pending *p)
{
    return (struct span){p->stream, p->stream_len};
}

void erase_add(struct erase *e, struct span stream, uint64_t version, uint64_t deletion)
{
    struct pending *p = malloc(sizeof *p + stream.len);
    /* Without memory the deletion cannot be hidden, and it has been promised: better no store than one that shows it. */
    if (!p || !gone_add(e->store->gone, stream, version))
        abort();
    *p = (struct pending){.version = version, .deletion = deletion, .stream_len = stream.len};
    memcpy(p->stream, stream.data, stream.len);
    *e->last = p;
    e->last = &p->next;
}

/* One 'E' key: whose value is the stream, whose cut says up to which version. */
static enum reason erase_load_one(struct erase *e, struct span stream, uint64_t deletion,
                                  struct error *error)
{
    struct bytes *value;
    struct cut cut;
    struct key key = key_extent(stream, 0);
    enum reason reason = log_get(e->store->log, (struct span){key.data, key.len}, &value, error);
    if (reason != REASON_NONE)
        return reason;
    bool good = value && cut_decode(bytes_span(value), &cut);
    bytes_unref(value);
    if (!good)
        return error_set(error, REASON_CORRUPT,
                         "the cut of deleted stream \"%.*s\" is missing or malformed",
                         (int)stream.len, (const char *)stream.data);
    erase_add(e, stream, cut.version, deletion);
    return REASON_NONE;
}

enum reason erase_load(struct erase *e, struct error *error)
{
    while (e->first)
        erase_drop_first(e);
    struct log_iter *iter = log_iter_open(e->store->log, LOG_READ);
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "no memory to read what is left to erase");
    enum reason reason = REASON_NONE;
    struct key from = key_erase(0);
    uint64_t deletion;
    for (log_iter_seek(iter, (struct span){from.data, from.len});
         reason == REASON_NONE && log_iter_valid(iter) &&
         key_erase_read(log_iter_key(iter), &deletion);
         log_iter_next(iter))
        reason = erase_load_one(e, log_iter_value(iter), deletion, error);
    if (reason == REASON_NONE && !log_iter_valid(iter))
        reason = log_iter_fault(iter, error);
    log_iter_close(iter);
    return reason;
}

/* ---- one record ---- */

static uint8_t *stub_of(uint8_t *at, struct span raw)
{
    struct event event;
    if (filter_erased(raw) || !event_read(raw, &event))
        return NULL;
    return stub_put(at, &event);
}

/* Copy the frames, those at the extent's ordinals as stubs. Returns the end, or NULL: malformed. */
static uint8_t *body_without(uint8_t *at, const struct record *record, struct extent extent)
{
    struct span rest = record->body, frame, event;
    struct extent_run run = {0, 0};
    bool fault = false, more = extent_next(&extent, &run, &fault);
    uint32_t ordinal = 0;
    int got;
    for (; (got = record_next(&rest, &frame, &event)) == 1; ordinal++) {
        while (more && ordinal >= run.ordinal + run.count)
            more = extent_next(&extent, &run, &fault);
        if (more && ordinal >= run.ordinal) {
            at = stub_of(at, event);
            if (!at)
                return NULL;
        } else {
            memcpy(at, frame.data, frame.len);
            at += frame.len;
        }
    }
    return got == 0 && !fault ? at : NULL;
}

/* Put the record without the extent's events into the batch. */
static enum reason erase_record(struct erase *e, struct span extent_value, struct error *error)
{
    struct extent extent;
    struct bytes *value = NULL;
    struct record record;
    if (!extent_decode(extent_value, &extent))
        return error_set(error, REASON_CORRUPT, "an extent of a deleted stream is malformed");
    struct key key = key_record(extent.record);
    enum reason reason = log_get(e->store->log, (struct span){key.data, key.len}, &value, error);
    if (reason != REASON_NONE)
        return reason;
    if (!value)
        return error_set(error, REASON_CORRUPT, "record %" PRIu64 " of a deleted stream is missing",
                         extent.record);
    reason = record_open(extent.record, bytes_span(value), &record, error);
    if (reason == REASON_NONE) {
        /* A stub is never longer than the event it stands for. */
        uint8_t *next = malloc(value->len);
        uint8_t *end = next ? body_without(next + RECORD_HEADER_BYTES, &record, extent) : NULL;
        if (end) {
            record.body = (struct span){next + RECORD_HEADER_BYTES,
                                        (size_t)(end - next) - RECORD_HEADER_BYTES};
            record_seal(next, &record);
            log_batch_put(e->batch, (struct span){key.data, key.len},
                          (struct span){next, (size_t)(end - next)});
        } else {
            reason = error_set(error, next ? REASON_CORRUPT : REASON_BUSY,
                               "record %" PRIu64 " cannot be rewritten", extent.record);
        }
        free(next);
    }
    bytes_unref(value);
    return reason;
}

/* Rewrite up to STEP_RECORDS records of the stream; *left: there is more to do. */
static enum reason erase_records(struct erase *e, const struct pending *p, bool *left,
                                 struct error *error)
{
    struct log_iter *iter = log_iter_open(e->store->log, LOG_SCAN);
    if (!iter)
        return error_set(error, REASON_BUSY, "no memory to erase");
    enum reason reason = REASON_NONE;
    struct key from = key_extent(pending_stream(p), 1),
               to = key_extent(pending_stream(p), p->version + 1);
    size_t records = 0;
    for (log_iter_seek(iter, (struct span){from.data, from.len});
         reason == REASON_NONE && log_iter_valid(iter); log_iter_next(iter)) {
        struct span key = log_iter_key(iter);
        if (key.len != to.len || memcmp(key.data, to.data, to.len) >= 0)
            break;
        if (records++ == STEP_RECORDS) {
            *left = true;
            break;
        }
        reason = erase_record(e, log_iter_value(iter), error);
        log_batch_delete(e->batch, key);
    }
    if (reason == REASON_NONE && !log_iter_valid(iter))
        reason = log_iter_fault(iter, error);
    log_iter_close(iter);
    return reason;
}

enum reason erase_step(struct erase *e, struct error *error)
{
    const struct pending *p = e->first;
    struct key key = key_erase(p->deletion);
    bool left = false;
    log_batch_clear(e->batch);
    enum reason reason = erase_records(e, p, &left, error);
    if (reason != REASON_NONE) {
        /* The events stay hidden; the next opening tries again. */
        logline_with(LOGLINE_ERROR, "a deleted stream's space cannot be reclaimed",
                     logline_text("error", error->message));
        erase_drop_first(e);
        return REASON_NONE;
    }
    if (!left)
        log_batch_delete(e->batch, (struct span){key.data, key.len});
    reason = log_write(e->store->log, e->batch, error);
    if (reason != REASON_NONE || left)
        return reason;
    tail_clear(e->store->tail);
    record_cache_clear(e->store->cache);
    gone_remove(e->store->gone, pending_stream(p), p->version);
    erase_drop_first(e);
    return REASON_NONE;
}
