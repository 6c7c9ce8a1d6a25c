/*
 * metrics.h - what a client counts. All under the client's lock.
 */
#ifndef MUON_SDK_METRICS_H
#define MUON_SDK_METRICS_H

#include <stdint.h>

#include <muon/muon.h>

enum { METRICS_BUCKETS = 18 }; /* of latency: up to 1, 2, 4 … 65,536 ms, and more */

struct metrics {
    uint64_t emits, emit_events, emit_bytes; /* accepted */
    uint64_t emits_stored, emits_failed, emits_resent;
    uint64_t emit_messages; /* sent; emits / messages: how well they coalesce */
    uint64_t received_events, received_bytes;
    uint64_t calls; /* reads, lists, deletions, … */
    uint64_t requests, requests_failed, calls_served, items_published;
    uint64_t connects, connect_failures, resumes;
    uint64_t latency[METRICS_BUCKETS]; /* of answered emits */
    uint64_t latency_sum_ms;
};

void metrics_latency(struct metrics *metrics, int64_t ms);

#endif
