/*
 * builder.c - see builder.h.
 *
 * Everything grows by doubling and is kept from commit to commit, so a running committer allocates nothing but the records'
 * values, which live on in the tail. Bounds: a commit is at most 8 MiB of events (commit.c), a record at most 16 KiB of frames or
 * one frame.
 */
#include "store/builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/pb.h"
#include "wire/text.h"

enum {
    NONE = UINT32_MAX,
    EVENT_FIELD = 1,
    ORDER_ID_FIELD = 13,
    VERSION_FIELD = 14,
    TIME_FIELD = 15
};

/* A stream's events in the record being built: a chain of ordinals through `chain`. */
struct share {
    struct fanout_name stream;
    uint64_t first_version;
    uint32_t first, last, count;
};

struct builder {
    struct log_batch *batch;
    uint64_t next, number;
    int64_t time_ms;
    size_t bytes_left; /* of the commit, about: how large to make a record's value */

    enum record_kind kind; /* of the record being built */
    uint8_t *value;
    size_t len, room; /* of value, header included */
    uint64_t first;
    uint32_t count;

    struct share *shares;
    size_t shares_len, shares_room;
    uint32_t *chain; /* ordinal → the stream's next ordinal */
    size_t chain_room;
    uint32_t *slots; /* hash → share; a power of two */
    size_t slots_len;
    struct extent_run *runs;
    size_t runs_room;
    uint8_t *extent;
    size_t extent_room;

    struct built *built;
    size_t built_len, built_room;
    struct fanout_name *names;
    size_t names_len, names_room;
};

static bool grow(void *array, size_t *room, size_t want, size_t item)
{
    if (want <= *room)
        return true;
    size_t next = *room ? *room * 2 : 64;
    while (next < want)
        next *= 2;
    void *grown = realloc(*(void **)array, next * item);
    if (!grown)
        return false;
    *(void **)array = grown;
    *room = next;
    return true;
}

struct builder *builder_new(void)
{
    struct builder *b = calloc(1, sizeof *b);
    if (b)
        b->batch = log_batch_new();
    if (b && !b->batch) {
        free(b);
        b = NULL;
    }
    return b;
}

static void builder_forget(struct builder *b)
{
    for (size_t i = 0; i < b->built_len; i++)
        bytes_unref(b->built[i].value);
    free(b->value);
    for (size_t i = 0; i < b->slots_len; i++)
        b->slots[i] = NONE;
    b->value = NULL;
    b->built_len = b->names_len = b->shares_len = 0;
    b->count = 0;
    b->len = b->room = 0;
}

void builder_free(struct builder *b)
{
    if (!b)
        return;
    builder_forget(b);
    log_batch_free(b->batch);
    free(b->shares);
    free(b->chain);
    free(b->slots);
    free(b->runs);
    free(b->extent);
    free(b->built);
    free(b->names);
    free(b);
}

void builder_start(struct builder *b, uint64_t first, uint64_t number, int64_t time_ms,
                   size_t bytes)
{
    builder_forget(b);
    log_batch_clear(b->batch);
    b->next = first;
    b->number = number;
    b->time_ms = time_ms;
    b->bytes_left = bytes;
    b->kind = RECORD_EVENTS;
}

uint64_t builder_next(const struct builder *b)
{
    return b->next;
}

struct log_batch *builder_batch(struct builder *b)
{
    return b->batch;
}

const struct built *builder_records(const struct builder *b, size_t *len)
{
    *len = b->built_len;
    return b->built;
}

const struct fanout_name *builder_names(const struct builder *b, size_t *len)
{
    *len = b->names_len;
    return b->names;
}

/* ---- the streams of a record ---- */

static bool slots_rehash(struct builder *b)
{
    size_t len = b->slots_len ? b->slots_len * 2 : 256;
    uint32_t *slots = malloc(len * sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < len; i++)
        slots[i] = NONE;
    for (size_t i = 0; i < b->shares_len; i++) {
        size_t at = b->shares[i].stream.hash & (len - 1);
        while (slots[at] != NONE)
            at = (at + 1) & (len - 1);
        slots[at] = (uint32_t)i;
    }
    free(b->slots);
    b->slots = slots;
    b->slots_len = len;
    return true;
}

/* The slot of the stream: its part's, or the free one where it belongs. */
static size_t slot_of(const struct builder *b, struct span stream, uint64_t hash)
{
    size_t at = hash & (b->slots_len - 1);
    while (b->slots[at] != NONE) {
        const struct share *share = &b->shares[b->slots[at]];
        if (share->stream.hash == hash && text_equal(share->stream.name, stream))
            return at;
        at = (at + 1) & (b->slots_len - 1);
    }
    return at;
}

/* The slot of a share that has one. Unlike slot_of it passes over free slots, so it serves while slots are being freed. */
static size_t slot_in_use(const struct builder *b, size_t share)
{
    size_t at = b->shares[share].stream.hash & (b->slots_len - 1);
    while (b->slots[at] != share)
        at = (at + 1) & (b->slots_len - 1);
    return at;
}

/* Note that the stream's next event stands at `ordinal`. */
static bool share_add(struct builder *b, struct span stream, uint64_t hash, uint64_t version,
                      uint32_t ordinal)
{
    if ((b->shares_len + 1) * 2 > b->slots_len && !slots_rehash(b))
        return false;
    if (!grow(&b->chain, &b->chain_room, ordinal + 1u, sizeof *b->chain) ||
        !grow(&b->shares, &b->shares_room, b->shares_len + 1, sizeof *b->shares))
        return false;
    b->chain[ordinal] = NONE;
    size_t at = slot_of(b, stream, hash);
    if (b->slots[at] == NONE) {
        b->slots[at] = (uint32_t)b->shares_len;
        b->shares[b->shares_len++] = (struct share){{stream, hash}, version, ordinal, ordinal, 1};
        return true;
    }
    struct share *share = &b->shares[b->slots[at]];
    assert(share->first_version + share->count == version);
    b->chain[share->last] = ordinal;
    share->last = ordinal;
    share->count++;
    return true;
}

static bool share_put_extent(struct builder *b, const struct share *share)
{
    if (!grow(&b->runs, &b->runs_room, share->count, sizeof *b->runs))
        return false;
    size_t runs = 0;
    for (uint32_t at = share->first; at != NONE; at = b->chain[at]) {
        if (runs && b->runs[runs - 1].ordinal + b->runs[runs - 1].count == at)
            b->runs[runs - 1].count++;
        else
            b->runs[runs++] = (struct extent_run){at, 1};
    }
    if (!grow(&b->extent, &b->extent_room, extent_size_max(runs), 1))
        return false;
    size_t len = extent_encode(b->extent, b->first, b->runs, runs);
    struct key key = key_extent(share->stream.name, share->first_version);
    log_batch_put(b->batch, (struct span){key.data, key.len}, (struct span){b->extent, len});
    return true;
}

static bool shares_put(struct builder *b)
{
    if (!grow(&b->names, &b->names_room, b->names_len + b->shares_len, sizeof *b->names))
        return false;
    for (size_t i = 0; i < b->shares_len; i++) {
        const struct share *share = &b->shares[i];
        if (!share_put_extent(b, share))
            return false;
        b->names[b->names_len++] = share->stream;
    }
    /* Only the slots in use: a commit of one event must not pay for the largest before it. */
    for (size_t i = 0; i < b->shares_len; i++)
        b->slots[slot_in_use(b, i)] = NONE;
    b->shares_len = 0;
    return true;
}

/* ---- the record ---- */

static bool record_seal_built(struct builder *b)
{
    if (b->count == 0)
        return true;
    if (!shares_put(b) || !grow(&b->built, &b->built_room, b->built_len + 1, sizeof *b->built))
        return false;
    uint8_t *fitted = realloc(b->value, b->len);
    struct bytes *value = bytes_wrap(fitted ? fitted : b->value, b->len, free);
    if (fitted)
        b->value = fitted;
    if (!value)
        return false;
    struct record record = {
        .kind = b->kind,
        .count = b->count,
        .first = b->first,
        .last = b->first + b->count - 1,
        .number = b->number++,
        .time_ms = b->time_ms,
        .body = {value->data + RECORD_HEADER_BYTES, b->len - RECORD_HEADER_BYTES}};
    record_seal(value->data, &record);
    struct key key = key_record(record.first);
    log_batch_put(b->batch, (struct span){key.data, key.len}, bytes_span(value));
    b->built[b->built_len++] = (struct built){value, record};
    b->value = NULL;
    b->count = 0;
    b->len = b->room = 0;
    b->kind = RECORD_EVENTS;
    return true;
}

/* Room for one more frame: seal what is full, begin a record if there is none. */
static bool record_make_room(struct builder *b, size_t frame)
{
    if (b->count && b->len + frame > RECORD_HEADER_BYTES + RECORD_BODY_BYTES &&
        !record_seal_built(b))
        return false;
    if (b->count == 0) {
        size_t body = b->bytes_left < RECORD_BODY_BYTES ? b->bytes_left : RECORD_BODY_BYTES;
        b->room = RECORD_HEADER_BYTES + (body < frame ? frame : body);
        b->len = RECORD_HEADER_BYTES;
        b->first = b->next;
        free(b->value);
        b->value = malloc(b->room);
        return b->value != NULL;
    }
    if (b->len + frame > b->room) { /* the estimate was too small */
        size_t room = RECORD_HEADER_BYTES + RECORD_BODY_BYTES;
        uint8_t *value = realloc(b->value, room);
        if (!value)
            return false;
        b->value = value;
        b->room = room;
    }
    return true;
}

static bool frame_put(struct builder *b, struct span raw, uint64_t version)
{
    size_t len = raw.len + pb_uint_size(ORDER_ID_FIELD, b->next) +
                 pb_uint_size(VERSION_FIELD, version) +
                 pb_uint_size(TIME_FIELD, (uint64_t)b->time_ms);
    size_t frame = pb_bytes_size(EVENT_FIELD, len);
    if (!record_make_room(b, frame))
        return false;
    uint8_t *at = b->value + b->len;
    *at++ = EVENT_FIELD << 3 | PB_BYTES;
    at = pb_put_varint(at, len);
    memcpy(at, raw.data, raw.len);
    at = pb_put_uint(at + raw.len, ORDER_ID_FIELD, b->next);
    at = pb_put_uint(at, VERSION_FIELD, version);
    at = pb_put_uint(at, TIME_FIELD, (uint64_t)b->time_ms);
    assert(at == b->value + b->len + frame);
    b->len += frame;
    b->bytes_left -= frame < b->bytes_left ? frame : b->bytes_left;
    return true;
}

static void id_put(struct builder *b, struct span key, uint64_t version, const uint8_t *content)
{
    struct id_entry entry = {.order_id = b->next, .version = version, .time_ms = b->time_ms};
    memcpy(entry.digest, content, sizeof entry.digest);
    uint8_t value[ID_ENTRY_BYTES];
    id_entry_encode(value, &entry);
    log_batch_put(b->batch, key, (struct span){value, sizeof value});
}

bool builder_add(struct builder *b, const struct event *event, const struct event_facts *facts,
                 const struct key *id_key, uint64_t version)
{
    if (!frame_put(b, event->raw, version) ||
        !share_add(b, event->stream_name, facts->stream_hash, version, b->count))
        return false;
    id_put(b, key_span(id_key), version, facts->digest);
    b->count++;
    b->next++;
    return true;
}

bool builder_alone(struct builder *b, enum record_kind kind)
{
    bool sealed = record_seal_built(b);
    b->kind = kind;
    return sealed;
}

bool builder_cut(struct builder *b, struct span stream, const struct cut *cut, uint64_t erase)
{
    uint8_t value[CUT_BYTES_MAX];
    if (!record_seal_built(b))
        return false;
    size_t len = cut_encode(value, cut);
    struct key key = key_extent(stream, 0);
    log_batch_put(b->batch, key_span(&key), (struct span){value, len});
    key = key_erase(erase);
    if (erase)
        log_batch_put(b->batch, key_span(&key), stream);
    return true;
}

/* The event that records what the store does, in a record of its own, of its own kind. */
static bool builder_record(struct builder *b, const struct event *event,
                           const struct event_facts *facts, const struct key *id_key,
                           uint64_t version)
{
    return builder_alone(b, RECORD_DELETION) && builder_add(b, event, facts, id_key, version) &&
           record_seal_built(b);
}

bool builder_delete(struct builder *b, const struct event *event, const struct event_facts *facts,
                    const struct key *id_key, uint64_t version, struct span stream, struct cut cut)
{
    cut.deletion = b->next;
    cut.order_id = cut.order_id ? cut.order_id : b->next;
    uint64_t erase = cut.version ? cut.deletion : 0; /* else there never was an event */
    return builder_record(b, event, facts, id_key, version) && builder_cut(b, stream, &cut, erase);
}

void builder_policy_put(struct builder *b, const struct set_retention_request *change,
                        uint64_t order_id)
{
    const struct retention *r = &change->retention;
    const struct policy policy = {r->max_age_ms, r->max_count, order_id};
    struct key key = key_policy(r->pattern);
    uint8_t value[POLICY_BYTES];
    policy_encode(value, &policy);
    if (change->clear)
        log_batch_delete(b->batch, key_span(&key));
    else
        log_batch_put(b->batch, key_span(&key), (struct span){value, sizeof value});
}

bool builder_policy(struct builder *b, const struct event *event, const struct event_facts *facts,
                    const struct key *id_key, uint64_t version,
                    const struct set_retention_request *change)
{
    uint64_t order_id = b->next;
    if (!builder_record(b, event, facts, id_key, version))
        return false;
    builder_policy_put(b, change, order_id);
    return true;
}

/* ---- what was stored elsewhere ---- */

bool builder_place(struct builder *b, uint64_t order_id, int64_t time_ms)
{
    if (order_id == b->next && time_ms == b->time_ms)
        return true;
    enum record_kind kind = b->kind;
    if (!record_seal_built(b))
        return false;
    assert(order_id >= b->next || b->built_len == 0);
    b->kind = kind;
    b->next = order_id;
    b->time_ms = time_ms;
    return true;
}

bool builder_add_stub(struct builder *b, const struct stub *stub,
                      const uint8_t content[DIGEST_BYTES])
{
    uint8_t frame[STUB_BYTES_MAX + 8];
    size_t len = (size_t)(stub_put_whole(frame, stub) - frame);
    if (!record_make_room(b, len))
        return false;
    memcpy(b->value + b->len, frame, len);
    b->len += len;
    if (stub->id_key.len)
        id_put(b, stub->id_key, stub->place.version, content);
    b->count++;
    b->next++;
    return true;
}

bool builder_finish(struct builder *b)
{
    return record_seal_built(b);
}
