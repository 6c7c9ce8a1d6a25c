/*
 * codec-subscribe.h - SubscribeRequest and ReadRequest, and the messages that answer them.
 */
#ifndef MUON_WIRE_CODEC_SUBSCRIBE_H
#define MUON_WIRE_CODEC_SUBSCRIBE_H

#include "wire/error.h"

enum stream_type { STREAM_HOT_COLD = 1, STREAM_HOT = 2, STREAM_COLD = 3 };
enum from_kind { FROM_BEGIN = 0, FROM_ORDER_ID, FROM_VERSION, FROM_TIME };
enum { EVENT_TYPES_MAX = 64 };

struct subscribe_request {
    struct span stream_name;
    enum stream_type type;
    enum from_kind from_kind;
    uint64_t from;
    uint64_t limit; /* SubscribeRequest.limit, ReadRequest.max */
    struct span event_type[EVENT_TYPES_MAX];
    size_t event_types;
    struct span store_id;
    uint64_t incarnation;
    bool backwards; /* ReadRequest only */
};
/* Checks shape, names, and what goes with what (a version only with a plain name; a limit only when cold; no from when hot). */
enum reason subscribe_request_decode(struct span raw, struct subscribe_request *out,
                                     struct error *error);
struct bytes *subscribe_request_encode(const struct subscribe_request *request);
enum reason read_request_decode(struct span raw, struct subscribe_request *out,
                                struct error *error);
struct bytes *read_request_encode(const struct subscribe_request *request);

/* Markers: encoded fields to append to a SubscribeResponse (whose events are the framed bodies of records). At most 32 bytes. */
size_t marker_caught_up(uint8_t out[32], uint64_t order_id);
size_t marker_checkpoint(uint8_t out[32], uint64_t order_id, uint64_t head_order_id);
size_t marker_truncated(uint8_t out[32], uint64_t order_id);

/* Walk a SubscribeResponse or ReadResponse (or a record's body). */
enum part_kind { PART_EVENT = 1, PART_CAUGHT_UP = 2, PART_CHECKPOINT = 3, PART_TRUNCATED = 4 };
struct part {
    enum part_kind kind;
    struct span event;      /* PART_EVENT */
    uint64_t order_id;      /* markers */
    uint64_t head_order_id; /* PART_CHECKPOINT */
};
int part_next(struct span *rest, struct part *part);

#endif
