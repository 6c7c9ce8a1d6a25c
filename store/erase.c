/*
 * erase.c - see erase.h.
 *
 * A step works on at most STEP_RECORDS records, of one stream or of several that lie side by side; what it has done is gone from
 * the streams' index in the same batch, so the index itself says where to go on. An extent that straddles a cut is shortened.
 */
#include "store/erase.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/filter.h"
#include "store/gone.h"
#include "store/keys.h"
#include "store/locate.h"
#include "store/logline.h"
#include "store/record_cache.h"
#include "store/stub.h"
#include "wire/text.h"

enum { STEP_RECORDS = 16, STEP_STREAMS = 64, STEP_BYTES = 1 << 20 };

struct pending {
    struct pending *next;
    uint64_t version, deletion;
    size_t stream_len;
    uint8_t stream[];
};

/* A record that a step rewrites; record.body views value. */
struct rewrite {
    uint8_t *value;
    size_t len; /* before */
    struct record record;
};

struct erase {
    struct store *store;
    struct space *space;
    struct log_batch *batch;
    struct pending *first, **last;

    struct rewrite rewrite[STEP_RECORDS];
    size_t rewrites, bytes;
    struct freed freed; /* by the step */
};

struct erase *erase_new(struct store *store, struct space *space)
{
    struct erase *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->store = store;
    e->space = space;
    e->last = &e->first;
    e->batch = log_batch_new();
    if (!e->batch) {
        free(e);
        return NULL;
    }
    return e;
}

static void erase_drop(struct erase *e, struct pending **at)
{
    struct pending *p = *at;
    *at = p->next;
    if (e->last == &p->next)
        e->last = at;
    free(p);
}

void erase_free(struct erase *e)
{
    if (!e)
        return;
    while (e->first)
        erase_drop(e, &e->first);
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
                         "the cut of stream \"%.*s\" is missing or malformed", (int)stream.len,
                         (const char *)stream.data);
    erase_add(e, stream, cut.version, deletion);
    return REASON_NONE;
}

enum reason erase_load(struct erase *e, struct error *error)
{
    while (e->first)
        erase_drop(e, &e->first);
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

/* A stub is made before it is written, and is never longer than the event it stands for: so they may be in the same place. */
static uint8_t *stub_of(uint8_t *at, struct span raw)
{
    struct event event;
    if (filter_erased(raw) || !event_read(raw, &event))
        return NULL;
    return stub_put(at, &event);
}

/* Make stubs of the events at the extent's first n ordinals, in place. false: malformed. */
static bool body_erase(struct rewrite *w, struct extent extent, uint64_t n)
{
    struct span rest = w->record.body, frame, event;
    struct extent_run run = {0, 0};
    bool fault = false, more = extent_next(&extent, &run, &fault);
    uint8_t *at = w->value + RECORD_HEADER_BYTES;
    uint32_t ordinal = 0;
    int got;
    for (; (got = record_next(&rest, &frame, &event)) == 1; ordinal++) {
        while (more && ordinal >= run.ordinal + run.count)
            more = extent_next(&extent, &run, &fault);
        if (more && ordinal >= run.ordinal && n > 0) {
            n--;
            at = stub_of(at, event);
            if (!at)
                return false;
        } else {
            memmove(at, frame.data, frame.len);
            at += frame.len;
        }
    }
    w->record.body.len = (size_t)(at - w->record.body.data);
    return got == 0 && !fault && n == 0;
}

/* ---- the records of a step ---- */

static void step_clear(struct erase *e)
{
    for (size_t i = 0; i < e->rewrites; i++)
        free(e->rewrite[i].value);
    e->rewrites = e->bytes = 0;
    e->freed = (struct freed){0};
    log_batch_clear(e->batch);
}

static struct rewrite *step_find(struct erase *e, uint64_t record)
{
    for (size_t i = 0; i < e->rewrites; i++)
        if (e->rewrite[i].record.first == record)
            return &e->rewrite[i];
    return NULL;
}

static bool step_is_full(const struct erase *e)
{
    return e->rewrites == STEP_RECORDS || e->bytes >= STEP_BYTES;
}

static enum reason step_load(struct erase *e, uint64_t order_id, struct rewrite **out,
                             struct error *error)
{
    struct bytes *value;
    struct rewrite *w = &e->rewrite[e->rewrites];
    struct key key = key_record(order_id);
    enum reason reason = log_get(e->store->log, key_span(&key), &value, error);
    if (reason != REASON_NONE)
        return reason;
    if (!value)
        return error_set(error, REASON_CORRUPT,
                         "record %" PRIu64 ", of which a part is to be erased, is missing",
                         order_id);
    *w = (struct rewrite){.value = malloc(value->len), .len = value->len};
    if (w->value) {
        memcpy(w->value, value->data, value->len);
        reason = record_open(order_id, (struct span){w->value, value->len}, &w->record, error);
    } else {
        reason = error_set(error, REASON_BUSY, "no memory to erase");
    }
    e->bytes += value->len;
    bytes_unref(value);
    if (reason != REASON_NONE)
        free(w->value);
    else
        e->rewrites++;
    *out = w;
    return reason;
}

/* All of them into the batch. */
static void step_seal(struct erase *e)
{
    for (size_t i = 0; i < e->rewrites; i++) {
        struct rewrite *w = &e->rewrite[i];
        struct key key = key_record(w->record.first);
        struct span value = {w->value, RECORD_HEADER_BYTES + w->record.body.len};
        record_seal(w->value, &w->record);
        log_batch_put(e->batch, key_span(&key), value);
        freed_add(&e->freed, FREED_RECORDS, key_span(&key), w->len - value.len);
    }
}

/* ---- one stream ---- */

/* An extent that straddles the cut goes on behind it: its runs but for the first n events. */
static enum reason extent_shorten(struct erase *e, const struct pending *p, struct extent extent,
                                  uint64_t n, struct error *error)
{
    struct extent_run *runs = calloc(EXTENT_RUNS_MAX, sizeof *runs), run;
    uint8_t *value = malloc(extent_size_max(EXTENT_RUNS_MAX));
    size_t len = 0;
    bool fault = false;
    while (runs && extent_next(&extent, &run, &fault)) {
        uint32_t skip = n < run.count ? (uint32_t)n : run.count;
        n -= skip;
        if (skip < run.count)
            runs[len++] = (struct extent_run){run.ordinal + skip, run.count - skip};
    }
    if (runs && value) {
        struct key key = key_extent(pending_stream(p), p->version + 1);
        log_batch_put(e->batch, key_span(&key),
                      (struct span){value, extent_encode(value, extent.record, runs, len)});
    } else {
        error_set(error, REASON_BUSY, "no memory to erase");
    }
    bool done = runs && value;
    free(runs);
    free(value);
    return done ? REASON_NONE : error->reason;
}

/* Erase the events of the extent that the iterator stands on, up to the cut. *left: the step is full before. */
static enum reason erase_extent(struct erase *e, const struct pending *p, struct log_iter *iter,
                                bool *left, struct error *error)
{
    struct located at;
    int found = locate_here(iter, pending_stream(p), &at, error);
    if (found != 1)
        return found ? error->reason : REASON_NONE;
    uint64_t last = at.last_version < p->version ? at.last_version : p->version;
    struct rewrite *w = step_find(e, at.extent.record);
    enum reason reason = REASON_NONE;
    if (!w && step_is_full(e)) {
        *left = true;
        return REASON_NONE;
    }
    if (!w)
        reason = step_load(e, at.extent.record, &w, error);
    if (reason == REASON_NONE && !body_erase(w, at.extent, last - at.version + 1))
        reason = error_set(error, REASON_CORRUPT, "record %" PRIu64 " cannot be rewritten",
                           at.extent.record);
    if (reason == REASON_NONE && last < at.last_version)
        reason = extent_shorten(e, p, at.extent, last - at.version + 1, error);
    log_batch_delete(e->batch, log_iter_key(iter));
    freed_add(&e->freed, FREED_INDEX, log_iter_key(iter),
              log_iter_key(iter).len + log_iter_value(iter).len);
    return reason;
}

/* Rewrite records of the stream until the step is full; *left: there is more to do. */
static enum reason erase_stream(struct erase *e, const struct pending *p, bool *left,
                                struct error *error)
{
    struct log_iter *iter = log_iter_open(e->store->log, LOG_SCAN);
    if (!iter)
        return error_set(error, REASON_BUSY, "no memory to erase");
    enum reason reason = REASON_NONE;
    struct key from = key_extent(pending_stream(p), 1),
               to = key_extent(pending_stream(p), p->version + 1);
    for (log_iter_seek(iter, key_span(&from));
         reason == REASON_NONE && !*left && log_iter_valid(iter); log_iter_next(iter)) {
        struct span key = log_iter_key(iter);
        if (key.len != to.len || memcmp(key.data, to.data, to.len) >= 0)
            break;
        reason = erase_extent(e, p, iter, left, error);
    }
    if (reason == REASON_NONE && !log_iter_valid(iter))
        reason = log_iter_fault(iter, error);
    log_iter_close(iter);
    if (reason == REASON_NONE && !*left) {
        struct key key = key_erase(p->deletion);
        log_batch_delete(e->batch, key_span(&key));
    }
    return reason;
}

/* ---- a step ---- */

/* Is the stream one of the first n? What a step does to a stream is seen by the next step only. */
static bool is_among(const struct erase *e, size_t n, const struct pending *p)
{
    const struct pending *other = e->first;
    for (; n > 0; n--, other = other->next)
        if (text_equal(pending_stream(other), pending_stream(p)))
            return true;
    return false;
}

/* Put what the step does into the batch; *done: so many of the first are finished with it. */
static enum reason erase_some(struct erase *e, size_t *done, struct error *error)
{
    struct pending **at = &e->first;
    bool left = false;
    for (*done = 0; *at && *done < STEP_STREAMS && !is_among(e, *done, *at);
         at = &(*at)->next, ++*done) {
        enum reason reason = erase_stream(e, *at, &left, error);
        if (reason != REASON_NONE) {
            erase_drop(e, at);
            return reason;
        }
        if (left)
            break;
    }
    return REASON_NONE;
}

static void erase_forget(struct erase *e, size_t done)
{
    for (size_t i = 0; i < e->rewrites; i++) {
        tail_forget(e->store->tail, e->rewrite[i].record.first);
        record_cache_forget(e->store->cache, e->rewrite[i].record.first);
    }
    if (done)
        gone_wait(e->store->gone);
    for (; done > 0; done--) {
        gone_remove(e->store->gone, pending_stream(e->first), e->first->version);
        erase_drop(e, &e->first);
    }
}

enum reason erase_step(struct erase *e, struct error *error)
{
    size_t done;
    step_clear(e);
    if (erase_some(e, &done, error) != REASON_NONE) {
        /* The events stay hidden; the next opening tries again. */
        logline_with(LOGLINE_ERROR, "a deleted stream's space cannot be reclaimed",
                     logline_text("error", error->message));
        step_clear(e);
        return REASON_NONE;
    }
    step_seal(e);
    space_put(e->space, &e->freed, e->batch);
    enum reason reason = log_write(e->store->log, e->batch, error);
    if (reason == REASON_NONE) {
        space_add(e->space, &e->freed);
        erase_forget(e, done);
    }
    step_clear(e);
    return reason;
}
