/*
 * codec-retention.h - how long events are kept: SetRetention, ListRetention.
 */
#ifndef MUON_WIRE_CODEC_RETENTION_H
#define MUON_WIRE_CODEC_RETENTION_H

#include <stdbool.h>

#include "wire/error.h"

/* A policy. Both limits 0: everything is kept. */
struct retention {
    struct span pattern;
    uint64_t max_age_ms, max_count;
    uint64_t order_id; /* of the event that set it */
};

#define RETENTION_AGE_MAX_MS (UINT64_C(100) * 366 * 86400 * 1000)

/* A Retention by itself. false: malformed. */
bool retention_decode(struct span raw, struct retention *out);
size_t retention_size(const struct retention *retention);
uint8_t *retention_put(uint8_t *at, const struct retention *retention);

struct set_retention_request {
    struct retention retention;
    bool clear; /* the policy of this pattern ends; the limits are 0 */
};
/* Unknown fields are refused: a limit that this server does not know is not no limit. */
enum reason set_retention_request_decode(struct span raw, struct set_retention_request *out,
                                         struct error *error);
struct bytes *set_retention_request_encode(const struct set_retention_request *request);
struct bytes *set_retention_response_encode(uint64_t order_id);
enum reason set_retention_response_decode(struct span raw, uint64_t *order_id);

/* ListRetentionResponse: one framed Retention behind another; and walking them: 1, 0: the end, -1: malformed. */
size_t retention_part_size(const struct retention *retention);
uint8_t *retention_part_put(uint8_t *at, const struct retention *retention);
int retention_next(struct span *rest, struct retention *retention);

#endif
