/*
 * metrics.c - the counters as OpenMetrics text or as JSON, from one table.
 */
#include "sdk/src/metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/fork.h"
#include "sdk/src/reply.h"
#include "sdk/src/status.h"

enum { DOCUMENT_MAX = 1 << 20 };

static const struct {
    const char *name;
    size_t offset;
    const char *help;
} counters[] = {
    {"emits", offsetof(struct metrics, emits), "Batches accepted for storing."},
    {"emit_events", offsetof(struct metrics, emit_events), "Events in these batches."},
    {"emit_bytes", offsetof(struct metrics, emit_bytes), "Bytes of these batches, encoded."},
    {"emits_stored", offsetof(struct metrics, emits_stored), "Batches known to be stored."},
    {"emits_failed", offsetof(struct metrics, emits_failed), "Batches that ended otherwise."},
    {"emits_resent", offsetof(struct metrics, emits_resent), "Batches sent again."},
    {"emit_messages", offsetof(struct metrics, emit_messages), "Messages that carried batches."},
    {"received_events", offsetof(struct metrics, received_events), "Events received."},
    {"received_bytes", offsetof(struct metrics, received_bytes), "Bytes of received messages."},
    {"calls", offsetof(struct metrics, calls), "Reads, lists, deletions and the like."},
    {"requests", offsetof(struct metrics, requests), "Requests to services accepted."},
    {"requests_failed", offsetof(struct metrics, requests_failed), "Those without an answer."},
    {"calls_served", offsetof(struct metrics, calls_served), "Calls received from others."},
    {"items_published", offsetof(struct metrics, items_published), "Items sent to subscribers."},
    {"connects", offsetof(struct metrics, connects), "Connections made."},
    {"connect_failures", offsetof(struct metrics, connect_failures), "Attempts that failed."},
    {"resumes", offsetof(struct metrics, resumes), "Subscriptions begun again where they were."},
};
enum { COUNTERS = sizeof counters / sizeof *counters };

void metrics_latency(struct metrics *metrics, int64_t ms)
{
    int bucket = 0;
    while (bucket < METRICS_BUCKETS - 1 && ms > (int64_t)1 << bucket)
        bucket++;
    metrics->latency[bucket]++;
    metrics->latency_sum_ms += ms > 0 ? (uint64_t)ms : 0;
}

static uint64_t value(const struct metrics *m, int i)
{
    return *(const uint64_t *)((const char *)m + counters[i].offset);
}

static void put_openmetrics(struct text_out *out, const struct metrics *m, uint64_t inflight)
{
    for (int i = 0; i < COUNTERS; i++)
        text_out_put(out,
                     "# TYPE muon_client_%s counter\n# HELP muon_client_%s %s\n"
                     "muon_client_%s_total %" PRIu64 "\n",
                     counters[i].name, counters[i].name, counters[i].help, counters[i].name,
                     value(m, i));
    text_out_put(out,
                 "# TYPE muon_client_emits_inflight gauge\n"
                 "# HELP muon_client_emits_inflight Batches accepted and not yet drained.\n"
                 "muon_client_emits_inflight %" PRIu64 "\n"
                 "# TYPE muon_client_emit_seconds histogram\n"
                 "# UNIT muon_client_emit_seconds seconds\n"
                 "# HELP muon_client_emit_seconds From acceptance to the answer.\n",
                 inflight);
    uint64_t count = 0;
    for (int i = 0; i < METRICS_BUCKETS - 1; i++)
        text_out_put(out, "muon_client_emit_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                     (double)(1 << i) / 1000, count += m->latency[i]);
    count += m->latency[METRICS_BUCKETS - 1];
    text_out_put(out,
                 "muon_client_emit_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
                 "muon_client_emit_seconds_sum %g\nmuon_client_emit_seconds_count %" PRIu64
                 "\n# EOF\n",
                 count, (double)m->latency_sum_ms / 1000, count);
}

static void put_json(struct text_out *out, const struct metrics *m, uint64_t inflight)
{
    text_out_put(out, "{\"emits_inflight\":%" PRIu64, inflight);
    for (int i = 0; i < COUNTERS; i++)
        text_out_put(out, ",\"%s\":%" PRIu64, counters[i].name, value(m, i));
    text_out_put(out, ",\"emit_ms\":{\"sum\":%" PRIu64 ",\"buckets\":[", m->latency_sum_ms);
    for (int i = 0; i < METRICS_BUCKETS; i++)
        text_out_put(out, "%s%" PRIu64, i ? "," : "", m->latency[i]);
    text_out_put(out, "]}}");
}

int32_t muon_metrics(muon_client *c, const char *format, muon_reply **out, muon_error *err)
{
    bool json = format && strcmp(format, "json") == 0;
    if (!c || !out || !format || (!json && strcmp(format, "openmetrics") != 0))
        return status_fail(err, MUON_EINVAL,
                           "muon_metrics: format must be \"openmetrics\" or \"json\"");
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    pthread_mutex_lock(&c->mutex);
    struct metrics copy = c->metrics;
    pthread_mutex_unlock(&c->mutex);
    struct text_out text = {.max = DOCUMENT_MAX};
    if (json)
        put_json(&text, &copy, inflight_count(&c->inflight));
    else
        put_openmetrics(&text, &copy, inflight_count(&c->inflight));
    return reply_new(&text,
                     json ? "application/json"
                          : "application/openmetrics-text; version=1.0.0; charset=utf-8",
                     out, err);
}
