/*
 * codec-emit.h - batches: EmitRequest, and EmitStreamRequest with its numbered ones.
 */
#ifndef MUON_WIRE_CODEC_EMIT_H
#define MUON_WIRE_CODEC_EMIT_H

#include "wire/event.h"

struct limits {
    uint64_t event_bytes, batch_bytes;
    uint32_t batch_events, name_bytes;
};

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

/* Checks shape, limits, names (no "**", no "__" in events' streams), the same id twice in one batch. Fields that this server does
 * not know are refused: an unknown condition is not no condition. BUSY: no memory. *out is untouched on failure. */
enum reason emit_request_decode(struct span raw, const struct limits *limits,
                                struct emit_request *out, struct error *error);
void emit_request_fini(struct emit_request *request);
/* For the SDK: raw events are given as event->raw when that is set, else encoded from the fields. */
struct bytes *emit_request_encode(const struct emit_request *request);

/* EmitStreamRequest: walk the parts. 1: *number and *request are set; 0: the end; -1: malformed. */
int emit_stream_next(struct span *rest, uint64_t *number, struct span *request);
/* One part, to be appended to others: the framed NumberedEmit. */
struct bytes *emit_stream_part(uint64_t number, struct span request);

/* An Expect by itself. name_needed = false: the stream may be left out. */
enum reason expect_decode(struct span raw, bool name_needed, struct expect *out,
                          struct error *error);
size_t expect_size(const struct expect *expect);
uint8_t *expect_put(uint8_t *at, const struct expect *expect);

#endif
