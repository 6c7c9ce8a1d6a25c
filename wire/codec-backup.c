/*
 * codec-backup.c - see codec-backup.h.
 *
 * Digests are bytes of a fixed length, which tables do not know: they are members of their own, and turned into arrays here.
 */
#include "wire/codec-backup.h"

#include <string.h>

#include "wire/codec-parts.h"
#include "wire/entry.h"
#include "wire/fields.h"
#include "wire/text.h"

#define TABLE(name, rules)                                                                         \
    {                                                                                              \
        name, rules, sizeof(rules) / sizeof *(rules)                                               \
    }

static bool digest_take(struct span from, uint8_t out[DIGEST_BYTES])
{
    if (from.len == DIGEST_BYTES)
        memcpy(out, from.data, DIGEST_BYTES);
    else
        memset(out, 0, DIGEST_BYTES);
    return from.len == DIGEST_BYTES || from.len == 0;
}

/* ---- Snapshot ---- */

static const struct field_rule request_rules[] = {
    FIELD_RULE(1, U64, snapshot_request, after_order_id, "after-order-id"),
    FIELD_RULE(2, U64, snapshot_request, up_to_order_id, "up-to-order-id"),
    FIELD_RULE(3, BOOL, snapshot_request, digest_only, "digest-only"),
    FIELD_RULE(4, TEXT, snapshot_request, store_id, "store-id"),
    FIELD_RULE(5, BODY, snapshot_request, after_digest, "after-digest"),
};
static const struct fields request_fields = TABLE("SnapshotRequest", request_rules);

/* A message whose body is a digest, or nothing. */
static uint8_t *digest_fields_put(uint8_t *at, const struct fields *fields, const void *in)
{
    struct span body = fields_body(fields, in);
    at = fields_put(at, fields, in);
    if (body.len)
        memcpy(at, body.data, body.len);
    return at + body.len;
}

enum reason snapshot_request_decode(struct span raw, struct snapshot_request *out,
                                    struct error *error)
{
    memset(out, 0, sizeof *out);
    enum reason reason = fields_decode(&request_fields, raw, out, error);
    if (!reason && out->after_digest.len && out->after_digest.len != DIGEST_BYTES)
        reason = codec_refuse(error, "after-digest", "after-digest", "has not 16 bytes");
    return reason;
}

struct bytes *snapshot_request_encode(const struct snapshot_request *request)
{
    struct bytes *b = bytes_new(fields_size(&request_fields, request));
    if (b)
        digest_fields_put(b->data, &request_fields, request);
    return b;
}

struct begun {
    struct span store_id;
    uint64_t incarnation, after_order_id, up_to_order_id;
    struct span after_digest;
};
static const struct field_rule begun_rules[] = {
    FIELD_RULE(1, TEXT, begun, store_id, "store-id"),
    FIELD_RULE(2, U64, begun, incarnation, "incarnation"),
    FIELD_RULE(3, U64, begun, after_order_id, "after-order-id"),
    FIELD_RULE(4, U64, begun, up_to_order_id, "up-to-order-id"),
    FIELD_RULE(5, BODY, begun, after_digest, "after-digest"),
};
static const struct fields begun_fields = TABLE("SnapshotBegun", begun_rules);

struct done {
    uint64_t events, first_order_id, last_order_id;
    struct span digest;
};
static const struct field_rule done_rules[] = {
    FIELD_RULE(1, U64, done, events, "events"),
    FIELD_RULE(2, U64, done, first_order_id, "first-order-id"),
    FIELD_RULE(3, U64, done, last_order_id, "last-order-id"),
    FIELD_RULE(4, BODY, done, digest, "digest"),
};
static const struct fields done_fields = TABLE("SnapshotDone", done_rules);

enum { BEGUN = 2, DONE = 3 }; /* of SnapshotResponse */

static size_t mark_put(uint8_t *out, uint32_t number, const struct fields *fields, const void *in)
{
    uint8_t *at = pb_put_frame(out, number, fields_size(fields, in));
    return (size_t)(digest_fields_put(at, fields, in) - out);
}

size_t snapshot_begun_put(uint8_t out[SNAPSHOT_MARK_BYTES_MAX], const struct snapshot_begun *begun)
{
    struct begun b = {begun->store_id,
                      begun->incarnation,
                      begun->after_order_id,
                      begun->up_to_order_id,
                      {begun->after_digest, DIGEST_BYTES}};
    return mark_put(out, BEGUN, &begun_fields, &b);
}

size_t snapshot_done_put(uint8_t out[SNAPSHOT_MARK_BYTES_MAX], const struct snapshot_done *done)
{
    struct done d = {
        done->events, done->first_order_id, done->last_order_id, {done->digest, DIGEST_BYTES}};
    return mark_put(out, DONE, &done_fields, &d);
}

static bool begun_read(struct span raw, struct snapshot_begun *out)
{
    struct begun b = {0};
    if (fields_decode(&begun_fields, raw, &b, NULL))
        return false;
    *out =
        (struct snapshot_begun){b.store_id, b.incarnation, b.after_order_id, b.up_to_order_id, {0}};
    return digest_take(b.after_digest, out->after_digest);
}

static bool done_read(struct span raw, struct snapshot_done *out)
{
    struct done d = {0};
    if (fields_decode(&done_fields, raw, &d, NULL))
        return false;
    *out = (struct snapshot_done){d.events, d.first_order_id, d.last_order_id, {0}};
    return digest_take(d.digest, out->digest);
}

bool snapshot_marks_read(struct span raw, struct snapshot_marks *out)
{
    struct pb_field field;
    bool ok = true;
    int more;
    memset(out, 0, sizeof *out);
    while (ok && (more = pb_next(&raw, &field)) != 0) {
        bool is_bytes = more > 0 && field.type == PB_BYTES;
        ok = more > 0;
        if (ok && field.number == BEGUN)
            ok = out->has_begun = is_bytes && begun_read(field.bytes, &out->begun);
        else if (ok && field.number == DONE)
            ok = out->has_done = is_bytes && done_read(field.bytes, &out->done);
    }
    return ok;
}

/* ---- Import ---- */

struct state {
    uint64_t last_order_id, events;
    bool finished;
    struct span digest;
};
static const struct field_rule state_rules[] = {
    FIELD_RULE(1, U64, state, last_order_id, "last-order-id"),
    FIELD_RULE(2, U64, state, events, "events"),
    FIELD_RULE(3, BOOL, state, finished, "finished"),
    FIELD_RULE(4, BODY, state, digest, "digest"),
};
static const struct fields state_fields = TABLE("ImportResponse", state_rules);
static const struct field_rule end_rules[] = {
    FIELD_RULE(1, U64, state, last_order_id, "last-order-id"),
    FIELD_RULE(2, BODY, state, digest, "digest"),
};
static const struct fields end_fields = TABLE("ImportEnd", end_rules);

enum {
    IMPORT_ENTRY = 1,
    IMPORT_END = 4
}; /* 2 and 3 are a snapshot's, which may be sent on as it is */

static enum reason end_read(const struct pb_field *field, struct import_request *out,
                            struct error *error)
{
    struct state end = {0};
    if (field->type != PB_BYTES)
        return codec_refuse(error, "end", "end", "has the wrong wire type");
    enum reason reason = fields_decode(&end_fields, field->bytes, &end, error);
    out->has_end = true;
    out->end.last_order_id = end.last_order_id;
    if (!reason && (end.digest.len == 0 || !digest_take(end.digest, out->end.digest)))
        reason = codec_refuse(error, "digest", "digest", "has not 16 bytes");
    return reason;
}

static enum reason place_refuse(const struct entry *entry, const char *fault, struct error *error)
{
    return error_set(error, REASON_INVALID_ARGUMENT, "the event with order id %llu: %s",
                     (unsigned long long)entry->event.order_id, fault);
}

static enum reason entry_check(const struct entry *entry, uint64_t event_bytes_max,
                               struct error *error)
{
    enum { ORDER_ID_BITS = 53 };
    const struct event *event = &entry->event;
    if (entry->kind == ENTRY_CUT)
        return (entry->cut_version || entry->tombstone) && entry->cut_by
                   ? REASON_NONE
                   : codec_refuse(error, "cut", "cut", "says not how far, or by which event");
    if (event->order_id == 0 || event->order_id >> ORDER_ID_BITS || event->version == 0 ||
        event->version >> ORDER_ID_BITS || event->event_time < 0)
        return place_refuse(entry, "its order id, version or time is missing or too large", error);
    if (entry->kind == ENTRY_ERASED)
        return REASON_NONE;
    if (event_size(event) > event_bytes_max) {
        place_refuse(entry, "it is over this server's event-bytes-max: raise that", error);
        if (error)
            error->limit = event_bytes_max;
        return REASON_INVALID_ARGUMENT;
    }
    return event_check_stored(event, error);
}

enum reason import_request_decode(struct span raw, uint64_t event_bytes_max,
                                  struct import_request *out, struct error *error)
{
    struct span rest = raw;
    struct pb_field field;
    struct entry entry;
    enum reason reason = REASON_NONE;
    int more;
    *out = (struct import_request){0};
    while (!reason && (more = pb_next(&rest, &field)) != 0) {
        if (more < 0)
            reason = codec_refuse(error, "ImportRequest", "ImportRequest", "is malformed");
        else if (field.number == IMPORT_END)
            reason = end_read(&field, out, error);
        else if (field.number == IMPORT_ENTRY && out->has_end)
            reason = codec_refuse(error, "entry", "entry", "stands behind the end");
    }
    while (!reason && (more = entry_next(&raw, &entry)) != 0)
        reason = more < 0 ? codec_refuse(error, "entry", "entry", "is malformed")
                          : entry_check(&entry, event_bytes_max, error);
    return reason;
}

struct bytes *import_end_encode(const struct import_state *end)
{
    struct state state = {.last_order_id = end->last_order_id,
                          .digest = {end->digest, DIGEST_BYTES}};
    struct bytes *b = bytes_new(pb_bytes_size(IMPORT_END, fields_size(&end_fields, &state)));
    if (b)
        mark_put(b->data, IMPORT_END, &end_fields, &state);
    return b;
}

struct bytes *import_response_encode(const struct import_state *at, bool finished)
{
    struct state state = {at->last_order_id, at->events, finished, {at->digest, DIGEST_BYTES}};
    struct bytes *b = bytes_new(fields_size(&state_fields, &state));
    if (b)
        digest_fields_put(b->data, &state_fields, &state);
    return b;
}

enum reason import_response_decode(struct span raw, struct import_state *at, bool *finished)
{
    struct state state = {0};
    enum reason reason = fields_decode(&state_fields, raw, &state, NULL);
    *at = (struct import_state){.last_order_id = state.last_order_id, .events = state.events};
    *finished = state.finished;
    if (!reason && !digest_take(state.digest, at->digest))
        reason = REASON_INVALID_ARGUMENT;
    return reason;
}
