/*
 * codec-admin.c - see codec-admin.h. Small messages, by table.
 */
#include "wire/codec-admin.h"

#include <string.h>

#include "wire/codec-parts.h"
#include "wire/fields.h"

static struct bytes *whole(const struct fields *fields, const void *in)
{
    struct bytes *b = bytes_new(fields_size(fields, in));
    if (b)
        fields_put(b->data, fields, in);
    return b;
}

/* ---- SetLogLevel ---- */

static const struct field_rule level_request_rules[] = {{1, FIELD_U32, 0, "level"}};
static const struct field_rule level_response_rules[] = {
    FIELD_RULE(1, U32, log_level_response, level, "level"),
    FIELD_RULE(2, U32, log_level_response, was, "was"),
};
static const struct fields level_request_fields = {"SetLogLevelRequest", level_request_rules, 1};
static const struct fields level_response_fields = {"SetLogLevelResponse", level_response_rules, 2};

const char *admin_log_level_name(enum admin_log_level level)
{
    static const char *const names[] = {"settings", "error", "warning", "info", "debug"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : NULL;
}

enum reason log_level_request_decode(struct span raw, enum admin_log_level *level,
                                     struct error *error)
{
    uint32_t number = 0;
    enum reason reason = fields_decode(&level_request_fields, raw, &number, error);
    if (reason == REASON_NONE && number > ADMIN_LOG_DEBUG)
        reason = codec_refuse(error, "level", "level",
                              "is not one that this server knows: error, warning, info or debug");
    *level = (enum admin_log_level)number;
    return reason;
}

struct bytes *log_level_request_encode(enum admin_log_level level)
{
    uint32_t number = level;
    return whole(&level_request_fields, &number);
}

enum reason log_level_response_decode(struct span raw, struct log_level_response *out)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&level_response_fields, raw, out, NULL);
}

struct bytes *log_level_response_encode(const struct log_level_response *response)
{
    return whole(&level_response_fields, response);
}

/* ---- Compact ---- */

static const struct field_rule compact_response_rules[] = {
    FIELD_RULE(1, U64, compact_response, done_bytes, "done-bytes"),
    FIELD_RULE(2, U64, compact_response, table_bytes, "table-bytes"),
    FIELD_RULE(3, BOOL, compact_response, done, "done"),
};
static const struct fields compact_response_fields = {"CompactResponse", compact_response_rules, 3};

enum reason compact_response_decode(struct span raw, struct compact_response *out)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&compact_response_fields, raw, out, NULL);
}

struct bytes *compact_response_encode(const struct compact_response *response)
{
    return whole(&compact_response_fields, response);
}

/* ---- Stats ---- */

static const struct field_rule stats_request_rules[] = {{1, FIELD_U32, 0, "interval-ms"}};
static const struct field_rule stats_response_rules[] = {
    FIELD_RULE(1, U64, stats_response, time, "time"),
    FIELD_RULE(2, U64, stats_response, started, "started"),
    FIELD_RULE(3, TEXT, stats_response, version, "version"),
    FIELD_RULE(4, TEXT, stats_response, store_id, "store-id"),
    FIELD_RULE(5, U32, stats_response, log_level, "log-level"),
    FIELD_RULE(6, U64, stats_response, head_order_id, "head-order-id"),
    FIELD_RULE(7, BOOL, stats_response, writable, "writable"),
    FIELD_RULE(8, U64, stats_response, commits, "commits"),
    FIELD_RULE(9, U64, stats_response, batches, "batches"),
    FIELD_RULE(10, U64, stats_response, events, "events"),
    FIELD_RULE(11, U64, stats_response, event_bytes, "event-bytes"),
    FIELD_RULE(12, U64, stats_response, delivered_events, "delivered-events"),
    FIELD_RULE(13, U64, stats_response, delivered_bytes, "delivered-bytes"),
    FIELD_RULE(14, U64, stats_response, queue_bytes, "queue-bytes"),
    FIELD_RULE(15, U64, stats_response, queue_batches, "queue-batches"),
    FIELD_RULE(16, U64, stats_response, subscriptions, "subscriptions"),
    FIELD_RULE(17, U64, stats_response, sessions, "sessions"),
    FIELD_RULE(18, U64, stats_response, services, "services"),
    FIELD_RULE(19, U64, stats_response, table_bytes, "table-bytes"),
    FIELD_RULE(20, U64, stats_response, disk_free_bytes, "disk-free-bytes"),
};
static const struct fields stats_request_fields = {"StatsRequest", stats_request_rules, 1};
static const struct fields stats_response_fields = {"StatsResponse", stats_response_rules, 20};

enum reason stats_request_decode(struct span raw, uint32_t *interval_ms, struct error *error)
{
    *interval_ms = 0;
    enum reason reason = fields_decode(&stats_request_fields, raw, interval_ms, error);
    if (reason == REASON_NONE && *interval_ms &&
        (*interval_ms < STATS_INTERVAL_MIN_MS || *interval_ms > STATS_INTERVAL_MAX_MS))
        reason = codec_refuse(error, "interval-ms", "interval-ms",
                              "must be 0, or from 100 to 3,600,000 (an hour)");
    return reason;
}

struct bytes *stats_request_encode(uint32_t interval_ms)
{
    return whole(&stats_request_fields, &interval_ms);
}

enum reason stats_response_decode(struct span raw, struct stats_response *out)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&stats_response_fields, raw, out, NULL);
}

struct bytes *stats_response_encode(const struct stats_response *response)
{
    return whole(&stats_response_fields, response);
}

/* ---- ListSubscriptions, ListSessions ---- */

enum { LIST_ELEMENT = 1 };

static const struct field_rule subscription_rules[] = {
    FIELD_RULE(1, U64, subscription_info, number, "number"),
    FIELD_RULE(2, TEXT, subscription_info, peer, "peer"),
    FIELD_RULE(3, TEXT, subscription_info, identity, "identity"),
    FIELD_RULE(4, TEXT, subscription_info, stream_name, "stream-name"),
    FIELD_RULE(5, U32, subscription_info, stream_type, "stream-type"),
    FIELD_RULE(6, U32, subscription_info, state, "state"),
    FIELD_RULE(7, U64, subscription_info, position, "position"),
    FIELD_RULE(8, U64, subscription_info, lag_ms, "lag-ms"),
    FIELD_RULE(9, U64, subscription_info, events, "events"),
    FIELD_RULE(10, U64, subscription_info, waiting_bytes, "waiting-bytes"),
    FIELD_RULE(11, U64, subscription_info, since, "since"),
};
static const struct field_rule session_rules[] = {
    FIELD_RULE(1, U64, session_info, number, "number"),
    FIELD_RULE(2, TEXT, session_info, peer, "peer"),
    FIELD_RULE(3, TEXT, session_info, identity, "identity"),
    FIELD_RULE(4, TEXT, session_info, service, "service"),
    FIELD_RULE(5, TEXT, session_info, instance_id, "instance-id"),
    FIELD_RULE(6, U32, session_info, endpoints, "endpoints"),
    FIELD_RULE(7, U32, session_info, in_flight, "in-flight"),
    FIELD_RULE(8, U32, session_info, calls, "calls"),
    FIELD_RULE(9, U64, session_info, waiting_bytes, "waiting-bytes"),
    FIELD_RULE(10, BOOL, session_info, draining, "draining"),
    FIELD_RULE(11, U64, session_info, since, "since"),
};
static const struct fields subscription_fields = {"SubscriptionInfo", subscription_rules, 11};
static const struct fields session_fields = {"SessionInfo", session_rules, 11};

static struct bytes *part(const struct fields *fields, const void *in)
{
    size_t len = fields_size(fields, in);
    struct bytes *b = bytes_new(pb_bytes_size(LIST_ELEMENT, len));
    if (b)
        fields_put(pb_put_frame(b->data, LIST_ELEMENT, len), fields, in);
    return b;
}

static int next(const struct fields *fields, struct span *rest, void *out)
{
    struct pb_field field;
    int more;
    do {
        more = pb_next(rest, &field);
        if (more <= 0)
            return more;
    } while (field.number != LIST_ELEMENT || field.type != PB_BYTES);
    return fields_decode(fields, field.bytes, out, NULL) == REASON_NONE ? 1 : -1;
}

struct bytes *subscription_info_part(const struct subscription_info *info)
{
    return part(&subscription_fields, info);
}

int subscription_info_next(struct span *rest, struct subscription_info *info)
{
    memset(info, 0, sizeof *info);
    return next(&subscription_fields, rest, info);
}

struct bytes *session_info_part(const struct session_info *info)
{
    return part(&session_fields, info);
}

int session_info_next(struct span *rest, struct session_info *info)
{
    memset(info, 0, sizeof *info);
    return next(&session_fields, rest, info);
}
