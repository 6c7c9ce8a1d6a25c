/*
 * metrics.h - everything that photond measures, as it is at one moment; and the one table that gives each metric its name, its
 * help, its unit and its type. The Prometheus text and the reference in docs/ are made from that table (metrics_text.h).
 *
 * No metric has a label that comes from a stream, a service, an event or a client: what labels there are, and how many, is known when
 * photond is built.
 */
#ifndef PHOTON_METRICS_H
#define PHOTON_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "store/measures.h"

enum { METRICS_LEVELS = 7, METRICS_METHODS = 32 };

/* Plain numbers, read once. What could not be found out is not `known`. */
struct metrics {
    /* what the store counts: measures.h */
    uint64_t emits, emitted_events, emitted_bytes, duplicates, deletions;
    uint64_t refused[REASON_COUNT];
    uint64_t commits, write_failures;
    struct histogram_values emit_us, commit_us, sync_us, commit_events, commit_bytes;
    uint64_t delivered_messages[MEASURES_READERS], delivered_events[MEASURES_READERS],
        delivered_bytes[MEASURES_READERS];
    uint64_t subscriptions[MEASURES_SUBSCRIPTIONS], lag_max_us;
    struct histogram_values lag_us;

    /* as it is now */
    uint64_t queue_bytes, queue_batches;
    uint64_t writable; /* 0 or 1: emits are accepted */
    uint64_t head_order_id, ahead_bytes;

    /* what services do: bus.h */
    uint64_t requests[REASON_COUNT], streams[REASON_COUNT], requests_refused[REASON_COUNT];
    uint64_t requests_open, streams_open, sessions, services, endpoints;
    struct histogram_values request_us;

    /* gRPC calls, by their place in metrics_methods */
    uint64_t calls[METRICS_METHODS], calls_open[METRICS_METHODS], calls_failed[REASON_COUNT];

    /* the disk and LevelDB, as of the last look at them: sampler.h */
    uint64_t disk_known, disk_bytes, disk_free_bytes;
    uint64_t leveldb_known, leveldb_memory_bytes;
    uint64_t level_files[METRICS_LEVELS], level_bytes[METRICS_LEVELS];
    uint64_t compaction_seconds[METRICS_LEVELS], compaction_read_bytes[METRICS_LEVELS],
        compaction_written_bytes[METRICS_LEVELS];

    /* the process */
    uint64_t process_known, cpu_us, open_fds, max_fds, virtual_bytes, resident_bytes, start_us,
        threads;
    uint64_t build; /* always 1 */
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* The values of a metric's one label. */
struct metric_label {
    const char *name; /* "reason" */
    size_t len;
    const char *(*value)(size_t at);
};

struct metric {
    const char *name, *help; /* "photond_emits_total"; a sentence */
    enum metric_type type;
    const char *unit; /* "seconds", "bytes"; NULL: a count */
    size_t
        offset; /* of a uint64_t in struct metrics, or as many as the label has values; or of a histogram */
    size_t known;         /* of what is 0 when the value is not known; or METRIC_ALWAYS */
    bool us;              /* the number is microseconds, the unit seconds */
    unsigned first, last; /* histograms: the bins that are shown */
    const struct metric_label *label; /* NULL: none */
};
#define METRIC_ALWAYS ((size_t)-1)

/* All of them, in the order in which they are shown. */
const struct metric *metrics_table(size_t *len);

/* What the store counts, into the first part of *metrics; the rest is left alone. */
void metrics_take_measures(struct metrics *metrics, const struct measures *measures);

/* The place of a call's path, "/muon.v1.PhotonService/Emit", among the values of the label `method`; what has none is "other". */
size_t metrics_method(const char *path);

#endif
