/*
 * codec-bus.h - the frames of a session (Connect), and the plain calls of BusService.
 *
 * Decoding gives views of the message and checks shape and the limits of texts: UTF-8, lengths. What a frame means
 * where, and whether an exchange is known, is for bus/ and the SDK to say. ConnectRequest and ConnectResponse are encoded
 * alike: framed Frames, one after the other, so a message of either is frames put together.
 */
#ifndef MUON_WIRE_CODEC_BUS_H
#define MUON_WIRE_CODEC_BUS_H

#include "wire/error.h"

enum {
    BUS_TAGS_MAX = 32,
    BUS_FRAME_BYTES = 64 * 1024, /* of a body, in one frame */
    BUS_IN_FLIGHT = 256,
    BUS_IN_FLIGHT_MAX = 4096
};

/* Numbers are those of Frame's oneof. */
enum frame_kind {
    FRAME_HELLO = 2,
    FRAME_WELCOME = 3,
    FRAME_ENDPOINT = 4,
    FRAME_ENDPOINT_DONE = 5,
    FRAME_CALL = 6,
    FRAME_ANSWER = 7,
    FRAME_ITEM = 8,
    FRAME_END = 9,
    FRAME_ERROR = 10,
    FRAME_CANCEL = 11,
    FRAME_CREDIT = 12,
    FRAME_CHUNK = 13,
    FRAME_DRAIN = 14,
    FRAME_BEAT = 15
};

struct bus_hello {
    struct span service, instance_id;
    uint64_t epoch;
    struct span tag[BUS_TAGS_MAX];
    size_t tags;
    uint32_t max_in_flight;
};
struct bus_welcome {
    struct span store_id;
    uint32_t beat_ms, max_calls;
    uint64_t frame_bytes, body_bytes;
};
/* Endpoint, EndpointDone (without doc), and what Introspect answers with. */
struct bus_endpoint {
    struct span path, doc;
    bool stream, removed;
};
/* Call; and RequestRequest and StreamRequest, which have no more than the first few. */
struct bus_call {
    struct span url, content_type, body;
    uint64_t body_bytes;
    uint32_t timeout_ms;
    struct span traceparent, caused_by, caller;
    uint32_t credit_items;
    uint64_t credit_bytes;
};
/* Answer and RequestResponse. */
struct bus_answer {
    uint32_t status;
    struct span content_type, body, instance_id;
    uint64_t body_bytes;
};
struct bus_item {
    struct span content_type, body;
    uint64_t body_bytes;
};
struct bus_credit {
    uint32_t items;
    uint64_t bytes;
};

struct frame {
    uint64_t exchange;
    enum frame_kind kind; /* END, CANCEL and BEAT have nothing more */
    union {
        struct bus_hello hello;
        struct bus_welcome welcome;
        struct bus_endpoint endpoint; /* ENDPOINT, ENDPOINT_DONE */
        struct bus_call call;
        struct bus_answer answer;
        struct bus_item item;
        struct span error; /* an encoded muon.v1.Error: codec-error.h */
        struct bus_credit credit;
        struct span chunk;
        uint32_t drain_ms;
    };
};

/* Take the next frame off a message. 1: taken; 0: the end; -1: malformed or against a limit, *error (may be NULL) says where.
 * A frame of a kind that is not known here is passed over: it is younger than this code. */
int frame_next(struct span *rest, struct frame *frame, struct error *error);

/* The framed Frame, without the bytes of its body (Call, Answer, Item: body; Chunk: chunk), which must follow it on the wire: so bodies
 * are referenced and not copied. A frame without a body is whole. NULL: no memory. */
struct bytes *frame_head(const struct frame *frame);

/* What is wrong with a path, or with one that an endpoint gives (which may end with two stars for everything below it); NULL: nothing. */
const char *bus_path_fault(struct span path);
const char *bus_endpoint_fault(struct span path);

/* "rpc://service/path", "stream://service/path?args". */
struct bus_url {
    bool stream;
    struct span service, path, args; /* path with its "/"; args without the "?" */
};
/* NULL: fine; else what is wrong with it, static. */
const char *bus_url_split(struct span url, struct bus_url *out);

/* ---- the plain calls ---- */

/* RequestRequest, StreamRequest: the scheme of url is checked ("rpc://" or "request://"; "stream://"). */
enum reason bus_request_decode(struct span raw, struct bus_call *out, struct error *error);
enum reason bus_stream_decode(struct span raw, struct bus_call *out, struct error *error);
struct bytes *bus_request_encode(const struct bus_call *call);
struct bytes *bus_stream_encode(const struct bus_call *call);
struct bytes *
bus_response_encode(const struct bus_answer *answer); /* all but the body, which must follow */
enum reason bus_response_decode(struct span raw, struct bus_answer *out);

/* StreamResponse: one framed Item, without the bytes of its body, which must follow; and walking them. */
struct bytes *bus_item_head(const struct bus_item *item);
int bus_item_next(struct span *rest, struct bus_item *item);

struct discover_request {
    struct span filter; /* "", a service's name, or "tag:x" */
    bool watch;
};
enum reason discover_request_decode(struct span raw, struct discover_request *out,
                                    struct error *error);
struct bytes *discover_request_encode(const struct discover_request *request);

enum reason introspect_request_decode(struct span raw, struct span *service, struct error *error);
struct bytes *introspect_request_encode(struct span service);

#endif
