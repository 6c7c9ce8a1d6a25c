/*
 * codec.h - the messages of muon.v1 other than Event, as plain structs. The only users of generated code are codec.c,
 * error.c, health.c and reflection.c.
 *
 * Decoders never keep the input and never allocate more than a small multiple of its length (a capped allocator; hazards 14);
 * what they return as spans are views of the input, which must stay. *_decode returns REASON_NONE or INVALID_ARGUMENT.
 * *_encode returns one new message, or NULL: no memory.
 */
#ifndef MUON_WIRE_CODEC_H
#define MUON_WIRE_CODEC_H

#include "wire/bytes.h"
#include "wire/error.h"
#include "wire/event.h"

struct limits {
    uint64_t event_bytes, batch_bytes;
    uint32_t batch_events, name_bytes;
};

/* ---- emit ---- */
struct expect {
    struct span stream_name;
    enum expect_kind kind;
    uint64_t version;
};

/* One batch, scanned by hand (the hot path): arrays belong to the batch, spans to the message. */
struct emit_request {
    struct event *events;
    size_t events_len;
    struct expect *expects;
    size_t expects_len;
};

/* Checks shape, limits, names (no "**", no "__" in events' streams), the same id twice in one batch. */
enum reason emit_request_decode(struct span raw, const struct limits *limits, struct emit_request *out,
                                struct error *error);
void emit_request_fini(struct emit_request *request);
/* For the SDK: raw events are given as event->raw when that is set, else encoded from the fields. */
struct bytes *emit_request_encode(const struct emit_request *request);

struct stored_at {
    uint64_t order_id, version;
};
struct emit_response {
    bool duplicate;
    struct stored_at *stored; /* owned when decoded (free), borrowed when encoded */
    size_t stored_len;
    int64_t event_time;
};
struct bytes *emit_response_encode(const struct emit_response *response);
enum reason emit_response_decode(struct span raw, struct emit_response *out);

/* EmitStreamRequest and EmitStreamResponse: walk the parts. 1: *number and *request (or *response or *error) are set;
 * 0: the end; -1: malformed. */
int emit_stream_next(struct span *rest, uint64_t *number, struct span *request);
int emit_result_next(struct span *rest, uint64_t *number, struct span *response, struct span *error);
/* One part, to be appended to others: the framed NumberedEmit or NumberedResult. */
struct bytes *emit_stream_part(uint64_t number, struct span request);
struct bytes *emit_result_part(uint64_t number, const struct emit_response *response, const struct error *error);

/* ---- subscribe and read ---- */
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
enum reason subscribe_request_decode(struct span raw, struct subscribe_request *out, struct error *error);
struct bytes *subscribe_request_encode(const struct subscribe_request *request);
enum reason read_request_decode(struct span raw, struct subscribe_request *out, struct error *error);
struct bytes *read_request_encode(const struct subscribe_request *request);

/* Markers: encoded fields to append to a SubscribeResponse (whose events are the framed bodies of records). At most 32 bytes. */
size_t marker_caught_up(uint8_t out[32], uint64_t order_id);
size_t marker_checkpoint(uint8_t out[32], uint64_t order_id, uint64_t head_order_id);
size_t marker_truncated(uint8_t out[32], uint64_t order_id);

/* Walk a SubscribeResponse or ReadResponse (or a record's body). */
enum part_kind { PART_EVENT = 1, PART_CAUGHT_UP = 2, PART_CHECKPOINT = 3, PART_TRUNCATED = 4 };
struct part {
    enum part_kind kind;
    struct span event;          /* PART_EVENT */
    uint64_t order_id;          /* markers */
    uint64_t head_order_id;     /* PART_CHECKPOINT */
};
int part_next(struct span *rest, struct part *part);

/* ---- the rest of PhotonService ---- */
struct info {
    char store_id[37];
    uint64_t incarnation, head_order_id;
    struct limits limits;
    char version[32];
};
struct bytes *info_response_encode(const struct info *info);
enum reason info_response_decode(struct span raw, struct info *out);

enum get_by { GET_BY_ORDER_ID = 1, GET_BY_EVENT_ID = 2, GET_BY_VERSION = 3 };
struct get_request {
    enum get_by by;
    uint64_t order_id;
    struct span event_id;
    struct span stream_name;
    uint64_t version;
};
enum reason get_request_decode(struct span raw, struct get_request *out, struct error *error);
struct bytes *get_request_encode(const struct get_request *request);
struct bytes *get_response_encode(struct span event);
enum reason get_response_decode(struct span raw, struct span *event);

struct list_request {
    struct span pattern; /* "" = all but "__…" */
    struct span after;
    uint64_t max;
};
enum reason list_request_decode(struct span raw, struct list_request *out, struct error *error);
struct bytes *list_request_encode(const struct list_request *request);
struct stream_info {
    struct span stream_name;
    uint64_t total_events, last_version, last_order_id;
};
/* One framed StreamInfo of a ListStreamsResponse; and walking them. */
struct bytes *stream_info_part(const struct stream_info *info);
int stream_info_next(struct span *rest, struct stream_info *info);

struct delete_request {
    struct span stream_name;
    struct expect expect; /* kind EXPECT_NONE: unconditional */
};
enum reason delete_request_decode(struct span raw, struct delete_request *out, struct error *error);
struct bytes *delete_request_encode(const struct delete_request *request);
struct delete_response {
    uint64_t deleted_events, order_id, last_version;
};
struct bytes *delete_response_encode(const struct delete_response *response);
enum reason delete_response_decode(struct span raw, struct delete_response *out);

/* ---- errors ---- */
struct bytes *error_encode(const struct error *error);             /* muon.v1.Error */
enum reason error_decode(struct span raw, struct error *out);      /* likewise */
struct bytes *error_status_encode(const struct error *error);      /* google.rpc.Status, for grpc-status-details-bin */
/* What a call ended with: from the status code, its text and its details (may be empty). Never fails: a peer that sends no
 * details of ours gives a reason derived from the code. status 0 sets REASON_NONE. */
void error_from_status(int grpc_status, struct span text, struct span details, struct error *out);

#endif
