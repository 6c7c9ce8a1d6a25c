/*
 * codec-admin.h - AdminService: what an operator asks, and what is answered.
 */
#ifndef MUON_WIRE_CODEC_ADMIN_H
#define MUON_WIRE_CODEC_ADMIN_H

#include <stdbool.h>

#include "wire/error.h"

/* ---- SetLogLevel ---- */

/* The numbers are the contract's. */
enum admin_log_level {
    ADMIN_LOG_SETTINGS = 0, /* in a request: what the settings say */
    ADMIN_LOG_ERROR = 1,
    ADMIN_LOG_WARNING = 2,
    ADMIN_LOG_INFO = 3,
    ADMIN_LOG_DEBUG = 4
};
/* "error", …; "settings"; NULL: there is no such level. */
const char *admin_log_level_name(enum admin_log_level level);

struct log_level_response {
    uint32_t level, was; /* enum admin_log_level, or younger */
};
/* INVALID_ARGUMENT: malformed, or a level that is not one of these. */
enum reason log_level_request_decode(struct span raw, enum admin_log_level *level,
                                     struct error *error);
struct bytes *log_level_request_encode(enum admin_log_level level);
enum reason log_level_response_decode(struct span raw, struct log_level_response *out);
struct bytes *log_level_response_encode(const struct log_level_response *response);

/* ---- Compact ---- */

struct compact_response {
    uint64_t done_bytes, table_bytes;
    bool done;
};
enum reason compact_response_decode(struct span raw, struct compact_response *out);
struct bytes *compact_response_encode(const struct compact_response *response);

/* ---- Stats ---- */

enum { STATS_INTERVAL_MIN_MS = 100, STATS_INTERVAL_MAX_MS = 3600 * 1000 };
/* INVALID_ARGUMENT: an interval that is neither 0 nor in that range. */
enum reason stats_request_decode(struct span raw, uint32_t *interval_ms, struct error *error);
struct bytes *stats_request_encode(uint32_t interval_ms);

struct stats_response {
    uint64_t time, started; /* ms since 1970 */
    struct span version, store_id;
    uint32_t log_level; /* enum admin_log_level, or younger */
    uint64_t head_order_id;
    bool writable;
    uint64_t commits, batches, events, event_bytes, delivered_events, delivered_bytes;
    uint64_t queue_bytes, queue_batches, subscriptions, sessions, services;
    uint64_t table_bytes, disk_free_bytes;
};
enum reason stats_response_decode(struct span raw, struct stats_response *out); /* spans: views */
struct bytes *stats_response_encode(const struct stats_response *response);

/* ---- ListSubscriptions, ListSessions ---- */

enum subscription_state { SUBSCRIPTION_READING = 1, SUBSCRIPTION_LIVE = 2, SUBSCRIPTION_STUCK = 3 };
struct subscription_info {
    uint64_t number;
    struct span peer, identity, stream_name;
    uint32_t stream_type, state; /* enum stream_type, enum subscription_state, or younger */
    uint64_t position, lag_ms, events, waiting_bytes, since;
};
struct session_info {
    uint64_t number;
    struct span peer, identity, service, instance_id;
    uint32_t endpoints, in_flight, calls;
    uint64_t waiting_bytes, since;
    bool draining;
};
/* One framed element of a response; and walking them. 1: taken; 0: the end; -1: malformed. */
struct bytes *subscription_info_part(const struct subscription_info *info);
int subscription_info_next(struct span *rest, struct subscription_info *info);
struct bytes *session_info_part(const struct session_info *info);
int session_info_next(struct span *rest, struct session_info *info);

#endif
