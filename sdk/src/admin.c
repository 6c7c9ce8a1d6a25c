/*
 * admin.c - what an operator asks: muon/admin.h. Each is a call that asks once, and a document made of its answer.
 */
#include <muon/admin.h>
#include <muon/muon.h>

#include <inttypes.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/reply.h"
#include "sdk/src/status.h"
#include "wire/codec-admin.h"
#include "wire/text.h"

enum { DOCUMENT_MAX = 64 << 20 };

static void put_text(struct text_out *out, const char *name, struct span text)
{
    text_out_put(out, ",\"%s\":", name);
    text_out_string(out, text);
}

static void put_number(struct text_out *out, const char *name, uint64_t number)
{
    text_out_put(out, ",\"%s\":%" PRIu64, name, number);
}

static const char *level_name(uint32_t level)
{
    const char *name = admin_log_level_name((enum admin_log_level)level);
    return name ? name : "unknown";
}

/* ---- answers ---- */

static bool put_stats(struct text_out *out, const struct unary *unary)
{
    struct stats_response r;
    if (unary->answer_len != 1 || stats_response_decode(bytes_span(unary->answer[0]), &r))
        return false;
    text_out_put(out, "{\"time\":%" PRIu64, r.time);
    put_number(out, "started", r.started);
    put_text(out, "version", r.version);
    put_text(out, "store-id", r.store_id);
    put_text(out, "log-level", text_span(level_name(r.log_level)));
    put_number(out, "head-order-id", r.head_order_id);
    text_out_put(out, ",\"writable\":%s", r.writable ? "true" : "false");
    put_number(out, "commits", r.commits);
    put_number(out, "batches", r.batches);
    put_number(out, "events", r.events);
    put_number(out, "event-bytes", r.event_bytes);
    put_number(out, "delivered-events", r.delivered_events);
    put_number(out, "delivered-bytes", r.delivered_bytes);
    put_number(out, "queue-bytes", r.queue_bytes);
    put_number(out, "queue-batches", r.queue_batches);
    put_number(out, "subscriptions", r.subscriptions);
    put_number(out, "sessions", r.sessions);
    put_number(out, "services", r.services);
    put_number(out, "table-bytes", r.table_bytes);
    put_number(out, "disk-free-bytes", r.disk_free_bytes);
    text_out_put(out, "}");
    return true;
}

static void put_subscription(struct text_out *out, const struct subscription_info *info)
{
    static const char *const types[] = {"hot-cold", "hot-cold", "hot", "cold"};
    static const char *const states[] = {"unknown", "reading", "live", "stuck"};
    text_out_put(out, "{\"number\":%" PRIu64, info->number);
    put_text(out, "peer", info->peer);
    put_text(out, "identity", info->identity);
    put_text(out, "stream-name", info->stream_name);
    put_text(out, "stream-type",
             text_span(info->stream_type < 4 ? types[info->stream_type] : "unknown"));
    put_text(out, "state", text_span(states[info->state < 4 ? info->state : 0]));
    put_number(out, "position", info->position);
    put_number(out, "lag-ms", info->lag_ms);
    put_number(out, "events", info->events);
    put_number(out, "waiting-bytes", info->waiting_bytes);
    put_number(out, "since", info->since);
    text_out_put(out, "}");
}

static bool put_subscriptions(struct text_out *out, const struct unary *unary)
{
    const char *comma = "";
    int more = 0;
    text_out_put(out, "{\"subscriptions\":[");
    for (size_t i = 0; i < unary->answer_len && more == 0; i++) {
        struct span rest = bytes_span(unary->answer[i]);
        struct subscription_info info;
        while ((more = subscription_info_next(&rest, &info)) > 0) {
            text_out_put(out, "%s", comma);
            put_subscription(out, &info);
            comma = ",";
        }
    }
    text_out_put(out, "]}");
    return more == 0;
}

static void put_session(struct text_out *out, const struct session_info *info)
{
    text_out_put(out, "{\"number\":%" PRIu64, info->number);
    put_text(out, "peer", info->peer);
    put_text(out, "identity", info->identity);
    put_text(out, "service", info->service);
    put_text(out, "instance-id", info->instance_id);
    put_number(out, "endpoints", info->endpoints);
    put_number(out, "in-flight", info->in_flight);
    put_number(out, "calls", info->calls);
    put_number(out, "waiting-bytes", info->waiting_bytes);
    text_out_put(out, ",\"draining\":%s", info->draining ? "true" : "false");
    put_number(out, "since", info->since);
    text_out_put(out, "}");
}

static bool put_sessions(struct text_out *out, const struct unary *unary)
{
    const char *comma = "";
    int more = 0;
    text_out_put(out, "{\"sessions\":[");
    for (size_t i = 0; i < unary->answer_len && more == 0; i++) {
        struct span rest = bytes_span(unary->answer[i]);
        struct session_info info;
        while ((more = session_info_next(&rest, &info)) > 0) {
            text_out_put(out, "%s", comma);
            put_session(out, &info);
            comma = ",";
        }
    }
    text_out_put(out, "]}");
    return more == 0;
}

static bool put_level(struct text_out *out, const struct unary *unary)
{
    struct log_level_response r;
    if (unary->answer_len != 1 || log_level_response_decode(bytes_span(unary->answer[0]), &r))
        return false;
    text_out_put(out, "{\"level\":\"%s\",\"was\":\"%s\"}", level_name(r.level), level_name(r.was));
    return true;
}

/* The last message tells. */
static bool put_compacted(struct text_out *out, const struct unary *unary)
{
    struct compact_response r;
    if (unary->answer_len == 0 ||
        compact_response_decode(bytes_span(unary->answer[unary->answer_len - 1]), &r) || !r.done)
        return false;
    text_out_put(out, "{\"done-bytes\":%" PRIu64 ",\"table-bytes\":%" PRIu64 "}", r.done_bytes,
                 r.table_bytes);
    return true;
}

/* ---- asking ---- */

struct ask {
    const char *path;
    bool (*put)(struct text_out *out, const struct unary *unary);
    bool once; /* not again after it may have begun */
};

/* Takes over the request. */
static int32_t run(muon_client *c, const struct ask *ask, struct bytes *request, int32_t timeout_ms,
                   muon_reply **out, muon_error *err)
{
    struct text_out text = {.max = DOCUMENT_MAX};
    struct unary *unary = unary_new(ask->path, request);
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    unary->answer_bytes_max = DOCUMENT_MAX;
    unary->once = ask->once;
    int32_t status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK && !ask->put(&text, unary))
        status = status_fail(err, MUON_EPROTO, "photond's answer cannot be read");
    unary_free(unary);
    if (status == MUON_OK)
        return reply_new(&text, "application/json", out, err);
    text_out_fini(&text);
    return status;
}

static int32_t no_out(const char *function, muon_error *err)
{
    return status_fail(err, MUON_EINVAL, "%s: out must not be NULL", function);
}

int32_t muon_admin_stats(muon_client *c, int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    static const struct ask ask = {"/muon.v1.AdminService/Stats", put_stats, false};
    return out ? run(c, &ask, stats_request_encode(0), timeout_ms, out, err)
               : no_out("muon_admin_stats", err);
}

int32_t muon_admin_subscriptions(muon_client *c, int32_t timeout_ms, muon_reply **out,
                                 muon_error *err)
{
    static const struct ask ask = {"/muon.v1.AdminService/ListSubscriptions", put_subscriptions,
                                   false};
    return out ? run(c, &ask, bytes_new(0), timeout_ms, out, err)
               : no_out("muon_admin_subscriptions", err);
}

int32_t muon_admin_sessions(muon_client *c, int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    static const struct ask ask = {"/muon.v1.AdminService/ListSessions", put_sessions, false};
    return out ? run(c, &ask, bytes_new(0), timeout_ms, out, err)
               : no_out("muon_admin_sessions", err);
}

int32_t muon_admin_log_level(muon_client *c, const char *level, int32_t timeout_ms,
                             muon_reply **out, muon_error *err)
{
    static const struct ask ask = {"/muon.v1.AdminService/SetLogLevel", put_level, false};
    if (!out)
        return no_out("muon_admin_log_level", err);
    for (enum admin_log_level l = ADMIN_LOG_SETTINGS; level && l <= ADMIN_LOG_DEBUG; l++)
        if (strcmp(level, admin_log_level_name(l)) == 0)
            return run(c, &ask, log_level_request_encode(l), timeout_ms, out, err);
    return status_fail(err, MUON_EINVAL,
                       "muon_admin_log_level: level \"%.40s\" is not error, warning, info, debug "
                       "or settings",
                       level ? level : "(NULL)");
}

int32_t muon_admin_compact(muon_client *c, int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    static const struct ask ask = {"/muon.v1.AdminService/Compact", put_compacted, true};
    return out ? run(c, &ask, bytes_new(0), timeout_ms, out, err)
               : no_out("muon_admin_compact", err);
}
