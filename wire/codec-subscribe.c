/*
 * codec-subscribe.c - SubscribeRequest and ReadRequest, and the messages they are answered with.
 *
 * The requests are decoded into views of the message. A field with the wrong wire type is refused;
 * unknown fields are passed over, as protobuf has it: nothing is changed by reading. Replies are
 * never built here: a reply is framed events, as records hold them, and perhaps a marker behind
 * them.
 */
#include "wire/codec-subscribe.h"

#include <assert.h>
#include <string.h>

#include "wire/codec-parts.h"
#include "wire/pb.h"
#include "wire/text.h"

/* SubscribeRequest. */
enum {
    SUB_STREAM = 1,
    SUB_TYPE = 2,
    SUB_ORDER_ID = 3,
    SUB_VERSION = 4,
    SUB_TIME = 5,
    SUB_LIMIT = 6,
    SUB_EVENT_TYPE = 7,
    SUB_STORE_ID = 8,
    SUB_INCARNATION = 9
};
/* ReadRequest. */
enum {
    READ_STREAM = 1,
    READ_ORDER_ID = 2,
    READ_VERSION = 3,
    READ_TIME = 4,
    READ_MAX = 5,
    READ_BACKWARDS = 6,
    READ_EVENT_TYPE = 7
};
/* SubscribeResponse, CaughtUp, Checkpoint, Truncated. */
enum { REPLY_EVENT = 1 };
enum { MARKER_ORDER_ID = 1, MARKER_HEAD = 2 };

static enum reason refuse(struct error *error, const char *field, const char *fault)
{
    return codec_refuse(error, field, field, fault);
}

static enum reason check_name(struct span name, struct error *error)
{
    const char *fault = text_name_fault(name);
    if (!fault && text_is_reserved(name) && text_is_pattern(name))
        fault = "is a pattern of names that begin with \"__\", which patterns never match";
    if (!fault)
        return REASON_NONE;
    refuse(error, "stream-name", fault);
    return codec_locate(error, "stream-name", 0, name.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : 0);
}

static enum reason add_event_type(struct subscribe_request *out, struct span type,
                                  struct error *error)
{
    const char *fault = text_name_fault(type);
    if (fault)
        return refuse(error, "event-type", fault);
    if (out->event_types == EVENT_TYPES_MAX) {
        refuse(error, "event-type", "is given more than 64 times");
        return codec_locate(error, "event-type", 0, EVENT_TYPES_MAX);
    }
    out->event_type[out->event_types++] = type;
    return REASON_NONE;
}

static void set_from(struct subscribe_request *out, enum from_kind kind, uint64_t from)
{
    out->from_kind = kind;
    out->from = from;
}

static bool is_all(struct span name)
{
    return text_equal(name, text_span("__all__"));
}

/* What holds of both requests. */
static enum reason check_common(const struct subscribe_request *r, struct error *error)
{
    enum reason reason = check_name(r->stream_name, error);
    if (reason != REASON_NONE)
        return reason;
    if (r->from_kind == FROM_VERSION && (text_is_pattern(r->stream_name) || is_all(r->stream_name)))
        return refuse(error, "from-version", "needs the plain name of one stream");
    if (r->from_kind == FROM_TIME && (int64_t)r->from < 0)
        return refuse(error, "from-time", "is before 1970");
    return REASON_NONE;
}

static enum reason subscribe_field(struct subscribe_request *out, const struct pb_field *field,
                                   struct error *error)
{
    bool bytes = field->number == SUB_STREAM || field->number == SUB_EVENT_TYPE ||
                 field->number == SUB_STORE_ID;
    if (field->number > SUB_INCARNATION)
        return REASON_NONE;
    if (field->type != (bytes ? PB_BYTES : PB_VARINT))
        return refuse(error, "SubscribeRequest", "has a field of the wrong wire type");
    switch (field->number) {
    case SUB_STREAM:
        out->stream_name = field->bytes;
        break;
    case SUB_TYPE:
        if (field->value > STREAM_COLD)
            return refuse(error, "stream-type", "is unknown: give cold, hot or hot-cold");
        out->type = field->value ? (enum stream_type)field->value : STREAM_HOT_COLD;
        break;
    case SUB_ORDER_ID:
        set_from(out, FROM_ORDER_ID, field->value);
        break;
    case SUB_VERSION:
        set_from(out, FROM_VERSION, field->value);
        break;
    case SUB_TIME:
        set_from(out, FROM_TIME, field->value);
        break;
    case SUB_LIMIT:
        out->limit = field->value;
        break;
    case SUB_EVENT_TYPE:
        return add_event_type(out, field->bytes, error);
    case SUB_STORE_ID:
        out->store_id = field->bytes;
        break;
    case SUB_INCARNATION:
        out->incarnation = field->value;
        break;
    }
    return REASON_NONE;
}

enum reason subscribe_request_decode(struct span raw, struct subscribe_request *out,
                                     struct error *error)
{
    struct pb_field field;
    enum reason reason = REASON_NONE;
    int more;
    memset(out, 0, sizeof *out);
    out->type = STREAM_HOT_COLD;
    while (reason == REASON_NONE && (more = pb_next(&raw, &field)) != 0)
        reason = more < 0 ? refuse(error, "SubscribeRequest", "is malformed")
                          : subscribe_field(out, &field, error);
    if (reason == REASON_NONE)
        reason = check_common(out, error);
    if (reason != REASON_NONE)
        return reason;
    if (out->limit && out->type != STREAM_COLD)
        return refuse(error, "limit", "ends a cold replay only: leave it out, or ask for cold");
    if (out->from_kind != FROM_BEGIN && out->type == STREAM_HOT)
        return refuse(error, "from", "makes no sense for a hot stream: ask for hot-cold");
    if (text_fault(out->store_id))
        return refuse(error, "store-id", text_fault(out->store_id));
    return REASON_NONE;
}

static enum reason read_field(struct subscribe_request *out, const struct pb_field *field,
                              struct error *error)
{
    bool bytes = field->number == READ_STREAM || field->number == READ_EVENT_TYPE;
    if (field->number > READ_EVENT_TYPE)
        return REASON_NONE;
    if (field->type != (bytes ? PB_BYTES : PB_VARINT))
        return refuse(error, "ReadRequest", "has a field of the wrong wire type");
    switch (field->number) {
    case READ_STREAM:
        out->stream_name = field->bytes;
        break;
    case READ_ORDER_ID:
        set_from(out, FROM_ORDER_ID, field->value);
        break;
    case READ_VERSION:
        set_from(out, FROM_VERSION, field->value);
        break;
    case READ_TIME:
        set_from(out, FROM_TIME, field->value);
        break;
    case READ_MAX:
        out->limit = field->value;
        break;
    case READ_BACKWARDS:
        out->backwards = field->value != 0;
        break;
    case READ_EVENT_TYPE:
        return add_event_type(out, field->bytes, error);
    }
    return REASON_NONE;
}

enum reason read_request_decode(struct span raw, struct subscribe_request *out, struct error *error)
{
    struct pb_field field;
    enum reason reason = REASON_NONE;
    int more;
    memset(out, 0, sizeof *out);
    out->type = STREAM_COLD;
    while (reason == REASON_NONE && (more = pb_next(&raw, &field)) != 0)
        reason = more < 0 ? refuse(error, "ReadRequest", "is malformed")
                          : read_field(out, &field, error);
    return reason == REASON_NONE ? check_common(out, error) : reason;
}

/* ---- encoded ---- */

static uint8_t *put_types(uint8_t *at, uint32_t number, const struct subscribe_request *r)
{
    for (size_t i = 0; i < r->event_types; i++)
        at = pb_put_bytes(at, number, r->event_type[i]);
    return at;
}

/* A bound on the size of either request. */
static size_t size_max(const struct subscribe_request *r)
{
    size_t size = 64 + pb_bytes_size(SUB_STREAM, r->stream_name.len) +
                  pb_bytes_size(SUB_STORE_ID, r->store_id.len);
    for (size_t i = 0; i < r->event_types; i++)
        size += pb_bytes_size(SUB_EVENT_TYPE, r->event_type[i].len);
    return size;
}

struct bytes *subscribe_request_encode(const struct subscribe_request *r)
{
    static const uint32_t from[] = {0, SUB_ORDER_ID, SUB_VERSION, SUB_TIME};
    struct bytes *b = bytes_new(size_max(r));
    if (!b)
        return NULL;
    uint8_t *at = pb_put_bytes(b->data, SUB_STREAM, r->stream_name);
    at = pb_put_uint(at, SUB_TYPE, (uint64_t)r->type);
    if (r->from_kind != FROM_BEGIN)
        at = pb_put_uint(at, from[r->from_kind], r->from);
    if (r->limit)
        at = pb_put_uint(at, SUB_LIMIT, r->limit);
    at = put_types(at, SUB_EVENT_TYPE, r);
    if (r->store_id.len) {
        at = pb_put_bytes(at, SUB_STORE_ID, r->store_id);
        at = pb_put_uint(at, SUB_INCARNATION, r->incarnation);
    }
    assert(at <= b->data + b->len);
    b->len = (size_t)(at - b->data);
    return b;
}

struct bytes *read_request_encode(const struct subscribe_request *r)
{
    static const uint32_t from[] = {0, READ_ORDER_ID, READ_VERSION, READ_TIME};
    struct bytes *b = bytes_new(size_max(r));
    if (!b)
        return NULL;
    uint8_t *at = pb_put_bytes(b->data, READ_STREAM, r->stream_name);
    if (r->from_kind != FROM_BEGIN)
        at = pb_put_uint(at, from[r->from_kind], r->from);
    if (r->limit)
        at = pb_put_uint(at, READ_MAX, r->limit);
    if (r->backwards)
        at = pb_put_uint(at, READ_BACKWARDS, 1);
    at = put_types(at, READ_EVENT_TYPE, r);
    assert(at <= b->data + b->len);
    b->len = (size_t)(at - b->data);
    return b;
}

/* ---- markers, and walking replies ---- */

/* A marker: a field of SubscribeResponse whose message has one or two numbers. */
static size_t marker(uint8_t *out, enum part_kind kind, uint64_t order_id, const uint64_t *head)
{
    size_t len =
        pb_uint_size(MARKER_ORDER_ID, order_id) + (head ? pb_uint_size(MARKER_HEAD, *head) : 0);
    uint8_t *at = pb_put_frame(out, kind, len);
    at = pb_put_uint(at, MARKER_ORDER_ID, order_id);
    if (head)
        at = pb_put_uint(at, MARKER_HEAD, *head);
    return (size_t)(at - out);
}

size_t marker_caught_up(uint8_t out[32], uint64_t order_id)
{
    return marker(out, PART_CAUGHT_UP, order_id, NULL);
}

size_t marker_checkpoint(uint8_t out[32], uint64_t order_id, uint64_t head_order_id)
{
    return marker(out, PART_CHECKPOINT, order_id, &head_order_id);
}

size_t marker_truncated(uint8_t out[32], uint64_t order_id)
{
    return marker(out, PART_TRUNCATED, order_id, NULL);
}

int part_next(struct span *rest, struct part *part)
{
    struct pb_field field;
    int more;
    do { /* what a newer server may add is passed over */
        more = pb_next(rest, &field);
        if (more <= 0)
            return more;
    } while (field.type != PB_BYTES || field.number > PART_TRUNCATED);
    *part = (struct part){.kind = (enum part_kind)field.number};
    if (field.number == REPLY_EVENT) {
        part->event = field.bytes;
        return 1;
    }
    struct span body = field.bytes;
    while ((more = pb_next(&body, &field)) > 0) {
        if (field.number == MARKER_ORDER_ID && field.type == PB_VARINT)
            part->order_id = field.value;
        else if (field.number == MARKER_HEAD && field.type == PB_VARINT)
            part->head_order_id = field.value;
    }
    return more < 0 ? -1 : 1;
}
