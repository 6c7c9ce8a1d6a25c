/*
 * codec-result.h - the answers to batches: EmitResponse, and EmitStreamResponse with its numbered results.
 */
#ifndef MUON_WIRE_CODEC_RESULT_H
#define MUON_WIRE_CODEC_RESULT_H

#include "wire/error.h"

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

/* EmitStreamResponse: walk the parts. 1: *number is set, and *response or *error (the other one's data is NULL); 0: the end; -1:
 * malformed. */
int emit_result_next(struct span *rest, uint64_t *number, struct span *response,
                     struct span *error);
/* One part, to be appended to others: the framed NumberedResult. One of response and error is NULL. */
struct bytes *emit_result_part(uint64_t number, const struct emit_response *response,
                               const struct error *error);

#endif
