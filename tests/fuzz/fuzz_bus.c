/*
 * Fuzz the frames of a session and the plain calls of BusService. What is let through must survive being written and read again, and
 * views must lie within the input.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "wire/codec.h"

static struct span body_of(const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_CALL:
        return frame->call.body;
    case FRAME_ANSWER:
        return frame->answer.body;
    case FRAME_ITEM:
        return frame->item.body;
    case FRAME_CHUNK:
        return frame->chunk;
    default:
        return (struct span){NULL, 0};
    }
}

static void again(const struct frame *frame)
{
    struct span body = body_of(frame);
    struct bytes *head = frame_head(frame);
    uint8_t *out = malloc(head->len + body.len);
    struct span rest = {out, head->len + body.len};
    struct frame second;
    memcpy(out, head->data, head->len);
    if (body.len)
        memcpy(out + head->len, body.data, body.len);
    assert(frame_next(&rest, &second, NULL) == 1 && rest.len == 0);
    assert(second.kind == frame->kind && second.exchange == frame->exchange);
    assert(body_of(&second).len == body.len);
    bytes_unref(head);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span raw = {data, len}, rest = raw, service;
    struct frame frame;
    struct error error = {0};
    struct bus_call call;
    struct bus_answer answer;
    struct bus_item item;
    struct bus_url url;
    struct discover_request discover;
    int got;
    while ((got = frame_next(&rest, &frame, &error)) == 1) {
        struct span body = body_of(&frame);
        assert(body.len == 0 || (body.data >= data && body.data + body.len <= data + len));
        again(&frame);
    }
    assert(got == 0 || error.message[0]);
    bus_request_decode(raw, &call, &error);
    bus_stream_decode(raw, &call, &error);
    bus_response_decode(raw, &answer);
    bus_url_split(raw, &url);
    discover_request_decode(raw, &discover, &error);
    introspect_request_decode(raw, &service, &error);
    for (rest = raw; bus_item_next(&rest, &item) > 0;) {
    }
    return 0;
}
