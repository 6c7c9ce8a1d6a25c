/*
 * codec-store.c - Info, GetEvent, ListStreams and DeleteStream. What a client asks is decoded into
 * views; what a store answers and is rare goes by the generated code.
 */
#include "wire/codec-store.h"

#include <stdlib.h>
#include <string.h>

#include "muon/v1/photon.pb-c.h"
#include "wire/codec-parts.h"
#include "wire/pb.h"
#include "wire/proto.h"
#include "wire/text.h"

static enum reason refuse(struct error *error, const char *field, const char *fault)
{
    return codec_refuse(error, field, field, fault);
}

static enum reason check_name(struct span name, const char *field, struct error *error)
{
    const char *fault = text_name_fault(name);
    if (!fault)
        return REASON_NONE;
    refuse(error, field, fault);
    return codec_locate(error, field, 0, name.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : 0);
}

/* ---- Info ---- */

struct bytes *info_response_encode(const struct info *info)
{
    Muon__V1__Limits limits = MUON__V1__LIMITS__INIT;
    limits.event_bytes = info->limits.event_bytes;
    limits.batch_bytes = info->limits.batch_bytes;
    limits.batch_events = info->limits.batch_events;
    limits.name_bytes = info->limits.name_bytes;
    Muon__V1__InfoResponse response = MUON__V1__INFO_RESPONSE__INIT;
    response.store_id = (char *)info->store_id;
    response.incarnation = info->incarnation;
    response.head_order_id = info->head_order_id;
    response.limits = &limits;
    response.version = (char *)info->version;
    response.time = info->time_ms;
    response.read_only = info->read_only;
    response.durability = (char *)info->durability;
    return proto_pack(&response);
}

enum reason info_response_decode(struct span raw, struct info *out)
{
    Muon__V1__InfoResponse *response = proto_unpack(&muon__v1__info_response__descriptor, raw);
    if (!response)
        return REASON_INVALID_ARGUMENT;
    memset(out, 0, sizeof *out);
    error_text(out->store_id, sizeof out->store_id, text_span(response->store_id));
    error_text(out->version, sizeof out->version, text_span(response->version));
    out->incarnation = response->incarnation;
    out->head_order_id = response->head_order_id;
    out->time_ms = response->time;
    out->read_only = response->read_only;
    error_text(out->durability, sizeof out->durability, text_span(response->durability));
    if (response->limits)
        out->limits = (struct limits){response->limits->event_bytes, response->limits->batch_bytes,
                                      response->limits->batch_events, response->limits->name_bytes};
    proto_free(response);
    return REASON_NONE;
}

/* ---- GetEvent ---- */

enum { GET_STREAM = 1, GET_STREAM_VERSION = 2, GET_EVENT = 1 };

/* StreamVersion. */
static bool place_decode(struct span raw, struct get_request *out)
{
    struct pb_field field;
    int more;
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number == GET_STREAM && field.type == PB_BYTES)
            out->stream_name = field.bytes;
        else if (field.number == GET_STREAM_VERSION && field.type == PB_VARINT)
            out->version = field.value;
    }
    return more == 0;
}

static enum reason get_check(const struct get_request *r, struct error *error)
{
    switch (r->by) {
    case GET_BY_EVENT_ID:
        return check_name(r->event_id, "event-id", error);
    case GET_BY_VERSION:
        if (text_is_pattern(r->stream_name))
            return refuse(error, "stream-name", "contains \"**\": name one stream");
        return check_name(r->stream_name, "stream-name", error);
    case GET_BY_ORDER_ID:
        return REASON_NONE;
    }
    return refuse(error, "by", "is missing: give order_id, event_id or stream_version");
}

enum reason get_request_decode(struct span raw, struct get_request *out, struct error *error)
{
    struct pb_field field;
    int more;
    memset(out, 0, sizeof *out);
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number > GET_BY_VERSION)
            continue;
        out->by = (enum get_by)field.number;
        if (field.type != (out->by == GET_BY_ORDER_ID ? PB_VARINT : PB_BYTES))
            return refuse(error, "by", "has the wrong wire type");
        if (out->by == GET_BY_ORDER_ID)
            out->order_id = field.value;
        else if (out->by == GET_BY_EVENT_ID)
            out->event_id = field.bytes;
        else if (!place_decode(field.bytes, out))
            return refuse(error, "stream-version", "is malformed");
    }
    if (more < 0)
        return refuse(error, "GetEventRequest", "is malformed");
    return get_check(out, error);
}

struct bytes *get_request_encode(const struct get_request *r)
{
    size_t place = pb_bytes_size(GET_STREAM, r->stream_name.len) +
                   pb_uint_size(GET_STREAM_VERSION, r->version);
    struct bytes *b = bytes_new(32 + r->event_id.len + place);
    if (!b)
        return NULL;
    uint8_t *at = b->data;
    if (r->by == GET_BY_ORDER_ID) {
        at = pb_put_uint(at, GET_BY_ORDER_ID, r->order_id);
    } else if (r->by == GET_BY_EVENT_ID) {
        at = pb_put_bytes(at, GET_BY_EVENT_ID, r->event_id);
    } else {
        at = pb_put_frame(at, GET_BY_VERSION, place);
        at = pb_put_bytes(at, GET_STREAM, r->stream_name);
        at = pb_put_uint(at, GET_STREAM_VERSION, r->version);
    }
    b->len = (size_t)(at - b->data);
    return b;
}

struct bytes *get_response_encode(struct span event)
{
    struct bytes *b = bytes_new(pb_bytes_size(GET_EVENT, event.len));
    if (b)
        pb_put_bytes(b->data, GET_EVENT, event);
    return b;
}

enum reason get_response_decode(struct span raw, struct span *event)
{
    struct pb_field field;
    int more;
    bool found = false;
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number != GET_EVENT || field.type != PB_BYTES)
            continue;
        *event = field.bytes;
        found = true;
    }
    return more == 0 && found ? REASON_NONE : REASON_INVALID_ARGUMENT;
}

/* ---- ListStreams ---- */

enum { LIST_PATTERN = 1, LIST_AFTER = 2, LIST_MAX = 3, LIST_STREAM = 1 };
enum { STREAM_NAME = 1, STREAM_TOTAL = 2, STREAM_LAST_VERSION = 3, STREAM_LAST_ORDER_ID = 4 };

enum reason list_request_decode(struct span raw, struct list_request *out, struct error *error)
{
    struct pb_field field;
    int more;
    memset(out, 0, sizeof *out);
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number > LIST_MAX)
            continue;
        if (field.type != (field.number == LIST_MAX ? PB_VARINT : PB_BYTES))
            return refuse(error, "ListStreamsRequest", "has a field of the wrong wire type");
        if (field.number == LIST_PATTERN)
            out->pattern = field.bytes;
        else if (field.number == LIST_AFTER)
            out->after = field.bytes;
        else
            out->max = field.value;
    }
    if (more < 0)
        return refuse(error, "ListStreamsRequest", "is malformed");
    enum reason reason = REASON_NONE;
    if (out->pattern.len)
        reason = check_name(out->pattern, "pattern", error);
    if (reason == REASON_NONE && out->after.len)
        reason = check_name(out->after, "after", error);
    return reason;
}

struct bytes *list_request_encode(const struct list_request *r)
{
    struct bytes *b = bytes_new(48 + r->pattern.len + r->after.len);
    if (!b)
        return NULL;
    uint8_t *at = pb_put_bytes(b->data, LIST_PATTERN, r->pattern);
    at = pb_put_bytes(at, LIST_AFTER, r->after);
    at = pb_put_uint(at, LIST_MAX, r->max);
    b->len = (size_t)(at - b->data);
    return b;
}

struct bytes *stream_info_part(const struct stream_info *info)
{
    size_t len = pb_bytes_size(STREAM_NAME, info->stream_name.len) +
                 pb_uint_size(STREAM_TOTAL, info->total_events) +
                 pb_uint_size(STREAM_LAST_VERSION, info->last_version) +
                 pb_uint_size(STREAM_LAST_ORDER_ID, info->last_order_id);
    struct bytes *b = bytes_new(pb_bytes_size(LIST_STREAM, len));
    if (!b)
        return NULL;
    uint8_t *at = pb_put_frame(b->data, LIST_STREAM, len);
    at = pb_put_bytes(at, STREAM_NAME, info->stream_name);
    at = pb_put_uint(at, STREAM_TOTAL, info->total_events);
    at = pb_put_uint(at, STREAM_LAST_VERSION, info->last_version);
    pb_put_uint(at, STREAM_LAST_ORDER_ID, info->last_order_id);
    return b;
}

int stream_info_next(struct span *rest, struct stream_info *info)
{
    struct pb_field field;
    int more;
    do {
        more = pb_next(rest, &field);
        if (more <= 0)
            return more;
    } while (field.number != LIST_STREAM || field.type != PB_BYTES);
    struct span body = field.bytes;
    memset(info, 0, sizeof *info);
    while ((more = pb_next(&body, &field)) > 0) {
        if (field.number == STREAM_NAME && field.type == PB_BYTES)
            info->stream_name = field.bytes;
        else if (field.number == STREAM_TOTAL && field.type == PB_VARINT)
            info->total_events = field.value;
        else if (field.number == STREAM_LAST_VERSION && field.type == PB_VARINT)
            info->last_version = field.value;
        else if (field.number == STREAM_LAST_ORDER_ID && field.type == PB_VARINT)
            info->last_order_id = field.value;
    }
    return more < 0 ? -1 : 1;
}

/* ---- DeleteStream ---- */

enum { DELETE_STREAM = 1, DELETE_EXPECT = 2 };

static enum reason delete_check(struct delete_request *r, struct error *error)
{
    enum reason reason = check_name(r->stream_name, "stream-name", error);
    if (reason != REASON_NONE)
        return reason;
    if (text_is_reserved(r->stream_name))
        return refuse(error, "stream-name", "begins with \"__\": such streams are the store's own");
    if (text_is_pattern(r->stream_name))
        return refuse(error, "stream-name", "contains \"**\": delete one stream at a time");
    if (r->expect.kind != EXPECT_NONE && r->expect.stream_name.len == 0)
        r->expect.stream_name = r->stream_name;
    return REASON_NONE;
}

/* Unknown fields are refused: a condition that this server does not know is not no condition. */
enum reason delete_request_decode(struct span raw, struct delete_request *out, struct error *error)
{
    struct pb_field field;
    int more;
    memset(out, 0, sizeof *out);
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number > DELETE_EXPECT || field.type != PB_BYTES)
            return refuse(error, "DeleteStreamRequest",
                          "has a field that this server does not know");
        if (field.number == DELETE_STREAM) {
            out->stream_name = field.bytes;
            continue;
        }
        enum reason reason = expect_decode(field.bytes, false, &out->expect, error);
        if (reason != REASON_NONE)
            return reason;
    }
    if (more < 0)
        return refuse(error, "DeleteStreamRequest", "is malformed");
    return delete_check(out, error);
}

struct bytes *delete_request_encode(const struct delete_request *r)
{
    bool conditional = r->expect.kind != EXPECT_NONE;
    size_t expect = conditional ? expect_size(&r->expect) : 0;
    struct bytes *b = bytes_new(32 + r->stream_name.len + expect);
    if (!b)
        return NULL;
    uint8_t *at = pb_put_bytes(b->data, DELETE_STREAM, r->stream_name);
    if (conditional)
        at = expect_put(pb_put_frame(at, DELETE_EXPECT, expect), &r->expect);
    b->len = (size_t)(at - b->data);
    return b;
}

struct bytes *delete_response_encode(const struct delete_response *response)
{
    Muon__V1__DeleteStreamResponse message = MUON__V1__DELETE_STREAM_RESPONSE__INIT;
    message.deleted_events = response->deleted_events;
    message.order_id = response->order_id;
    message.last_version = response->last_version;
    return proto_pack(&message);
}

enum reason delete_response_decode(struct span raw, struct delete_response *out)
{
    Muon__V1__DeleteStreamResponse *message =
        proto_unpack(&muon__v1__delete_stream_response__descriptor, raw);
    if (!message)
        return REASON_INVALID_ARGUMENT;
    *out =
        (struct delete_response){message->deleted_events, message->order_id, message->last_version};
    proto_free(message);
    return REASON_NONE;
}
