/*
 * codec-emit.c - batches: the hot path, all by hand.
 *
 * A batch is looked at twice: once to count (so that limits answer before anything is allocated,
 * and one allocation holds events and expectations), once to check. Unknown fields are refused
 * here, unlike in what is only read: a condition that this server does not know must not be taken
 * for no condition.
 */
#include "wire/codec-emit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "wire/codec-parts.h"
#include "wire/pb.h"
#include "wire/text.h"

/* EmitRequest, Expect, EmitStreamRequest, NumberedEmit. */
enum { REQUEST_EVENT = 1, REQUEST_EXPECT = 2 };
enum { EXPECT_STREAM = 1 };
enum { EMIT_NUMBER = 1, EMIT_REQUEST = 2 };
enum { PART = 1 };

/* ---- the request, decoded ---- */

/* Count, and see that there is nothing else. */
static enum reason count(struct span raw, const struct limits *limits, struct emit_request *out,
                         struct error *error)
{
    struct pb_field field;
    int more;
    if (raw.len > limits->batch_bytes) {
        error_set(error, REASON_TOO_LARGE,
                  "the batch has %zu bytes, over the limit of %llu: split it", raw.len,
                  (unsigned long long)limits->batch_bytes);
        codec_locate(error, "event", 0, limits->batch_bytes);
        return REASON_TOO_LARGE;
    }
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number > REQUEST_EXPECT || field.type != PB_BYTES) {
            error_set(error, REASON_INVALID_ARGUMENT,
                      "EmitRequest has a field %u that this server does not know", field.number);
            return REASON_INVALID_ARGUMENT;
        }
        *(field.number == REQUEST_EVENT ? &out->events_len : &out->expects_len) += 1;
    }
    if (more < 0)
        return error_set(error, REASON_INVALID_ARGUMENT,
                         "the request is malformed: it is not an EmitRequest of muon.v1");
    if (out->events_len == 0) {
        error_set(error, REASON_INVALID_ARGUMENT, "the batch is empty: give at least one event");
        return codec_locate(error, "event", 0, 0);
    }
    bool events = out->events_len > limits->batch_events;
    if (events || out->expects_len > limits->batch_events) {
        error_set(error, REASON_TOO_LARGE, "the batch has %zu %s, over the limit of %u: split it",
                  events ? out->events_len : out->expects_len, events ? "events" : "expectations",
                  limits->batch_events);
        codec_locate(error, events ? "event" : "expect", 0, limits->batch_events);
        return REASON_TOO_LARGE;
    }
    return REASON_NONE;
}

static enum reason refuse_expect(struct error *error, const char *fault)
{
    return codec_refuse(error, "an expectation", "expect", fault);
}

enum reason expect_decode(struct span raw, bool name_needed, struct expect *out,
                          struct error *error)
{
    struct pb_field field;
    int more;
    memset(out, 0, sizeof *out);
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number == EXPECT_STREAM && field.type == PB_BYTES) {
            out->stream_name = field.bytes;
        } else if (field.number <= EXPECT_EXISTS && field.type == PB_VARINT) {
            if (out->kind != EXPECT_NONE)
                return refuse_expect(error, "has more than one kind");
            if (field.number != EXPECT_VERSION && field.value != 1)
                return refuse_expect(error, "has a no_stream or exists that is not true");
            out->kind = (enum expect_kind)field.number;
            out->version = field.number == EXPECT_VERSION ? field.value : 0;
        } else {
            return refuse_expect(error, "has a field that this server does not know");
        }
    }
    if (more < 0)
        return refuse_expect(error, "is malformed");
    if (out->kind == EXPECT_NONE)
        return refuse_expect(error, "has no kind: give version, no_stream or exists");
    if (out->stream_name.len == 0 && !name_needed)
        return REASON_NONE;
    const char *fault = text_name_fault(out->stream_name);
    if (!fault && text_is_pattern(out->stream_name))
        fault = "contains \"**\": name one stream";
    if (!fault)
        return REASON_NONE;
    codec_refuse(error, "an expectation's stream-name", "stream-name", fault);
    return codec_locate(error, "stream-name", 0,
                        out->stream_name.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : 0);
}

/* Is an event id given twice? Open addressing; places hold index + 1. */
static enum reason check_ids(const struct emit_request *request, uint32_t *places, size_t mask,
                             struct error *error)
{
    memset(places, 0, (mask + 1) * sizeof *places);
    for (size_t i = 0; i < request->events_len; i++) {
        struct span id = request->events[i].event_id;
        if (id.len == 0)
            continue;
        size_t at = XXH3_64bits(id.data, id.len) & mask;
        for (; places[at]; at = (at + 1) & mask) {
            size_t first = places[at] - 1;
            if (!text_equal(id, request->events[first].event_id))
                continue;
            error_set(error, REASON_INVALID_ARGUMENT,
                      "event %zu: event-id is the same as event %zu's: an id names one event", i,
                      first);
            return codec_locate(error, "event-id", i, 0);
        }
        places[at] = (uint32_t)i + 1;
    }
    return REASON_NONE;
}

/* The second look: check each part where it stands. */
static enum reason check(struct span raw, const struct limits *limits, struct emit_request *out,
                         struct error *error)
{
    struct pb_field field;
    size_t event = 0, expect = 0;
    while (pb_next(&raw, &field) > 0) {
        enum reason reason;
        if (field.number == REQUEST_EVENT) {
            reason = event_check(field.bytes, limits->event_bytes, (uint32_t)event,
                                 &out->events[event], error);
            event++;
        } else {
            reason = expect_decode(field.bytes, true, &out->expects[expect++], error);
        }
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

enum reason emit_request_decode(struct span raw, const struct limits *limits,
                                struct emit_request *out, struct error *error)
{
    struct emit_request request = {0};
    enum reason reason = count(raw, limits, &request, error);
    if (reason != REASON_NONE)
        return reason;
    size_t mask = 1;
    while (request.events_len > 1 && mask < 2 * request.events_len)
        mask = 2 * mask + 1;
    size_t events_bytes = request.events_len * sizeof *request.events;
    size_t expects_bytes = request.expects_len * sizeof *request.expects;
    char *memory = malloc(events_bytes + expects_bytes + (mask + 1) * sizeof(uint32_t));
    if (!memory)
        return error_set(error, REASON_BUSY, "out of memory: retry later");
    request.events = (struct event *)memory;
    request.expects = (struct expect *)(memory + events_bytes);
    uint32_t *places = (uint32_t *)(memory + events_bytes + expects_bytes);
    reason = check(raw, limits, &request, error);
    if (reason == REASON_NONE && request.events_len > 1)
        reason = check_ids(&request, places, mask, error);
    if (reason != REASON_NONE) {
        free(memory);
        return reason;
    }
    *out = request;
    return REASON_NONE;
}

void emit_request_fini(struct emit_request *request)
{
    free(request->events); /* the expectations are behind them */
    *request = (struct emit_request){0};
}

/* ---- the request, encoded ---- */

size_t expect_size(const struct expect *expect)
{
    size_t name = expect->stream_name.len;
    return (name ? pb_bytes_size(EXPECT_STREAM, name) : 0) +
           pb_uint_size(expect->kind, expect->kind == EXPECT_VERSION ? expect->version : 1);
}

uint8_t *expect_put(uint8_t *at, const struct expect *expect)
{
    assert(expect->kind != EXPECT_NONE);
    if (expect->stream_name.len)
        at = pb_put_bytes(at, EXPECT_STREAM, expect->stream_name);
    return pb_put_uint(at, expect->kind, expect->kind == EXPECT_VERSION ? expect->version : 1);
}

static size_t encoded_size(const struct event *event)
{
    return event->raw.len ? event->raw.len : event_size(event);
}

struct bytes *emit_request_encode(const struct emit_request *request)
{
    size_t size = 0;
    for (size_t i = 0; i < request->events_len; i++)
        size += pb_bytes_size(REQUEST_EVENT, encoded_size(&request->events[i]));
    for (size_t i = 0; i < request->expects_len; i++)
        size += pb_bytes_size(REQUEST_EXPECT, expect_size(&request->expects[i]));
    struct bytes *b = bytes_new(size);
    if (!b)
        return NULL;
    uint8_t *at = b->data;
    for (size_t i = 0; i < request->events_len; i++) {
        const struct event *event = &request->events[i];
        if (event->raw.len) {
            at = pb_put_bytes(at, REQUEST_EVENT, event->raw);
        } else {
            at = pb_put_frame(at, REQUEST_EVENT, event_size(event));
            at = event_put(at, event);
        }
    }
    for (size_t i = 0; i < request->expects_len; i++) {
        at = pb_put_frame(at, REQUEST_EXPECT, expect_size(&request->expects[i]));
        at = expect_put(at, &request->expects[i]);
    }
    assert(at == b->data + size);
    return b;
}

/* ---- the pipelined call ---- */

int emit_stream_next(struct span *rest, uint64_t *number, struct span *request)
{
    struct pb_field field;
    int more = pb_next(rest, &field);
    if (more <= 0)
        return more;
    if (field.number != PART || field.type != PB_BYTES)
        return -1;
    struct span emit = field.bytes;
    bool given = false;
    *number = 0;
    *request = (struct span){NULL, 0};
    while ((more = pb_next(&emit, &field)) > 0) {
        if (field.number == EMIT_NUMBER && field.type == PB_VARINT) {
            *number = field.value;
        } else if (field.number == EMIT_REQUEST && field.type == PB_BYTES && !given) {
            *request = field.bytes;
            given = true;
        } else {
            return -1;
        }
    }
    return more < 0 ? -1 : 1;
}

struct bytes *codec_part_new(uint64_t number, uint32_t field, size_t len, uint8_t **body)
{
    size_t inner = pb_uint_size(EMIT_NUMBER, number) + pb_bytes_size(field, len);
    struct bytes *b = bytes_new(pb_bytes_size(PART, inner));
    if (!b)
        return NULL;
    uint8_t *at = pb_put_frame(b->data, PART, inner);
    at = pb_put_uint(at, EMIT_NUMBER, number);
    *body = pb_put_frame(at, field, len);
    return b;
}

struct bytes *emit_stream_part(uint64_t number, struct span request)
{
    uint8_t *body;
    struct bytes *b = codec_part_new(number, EMIT_REQUEST, request.len, &body);
    if (b && request.len)
        memcpy(body, request.data, request.len);
    return b;
}
