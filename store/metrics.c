/*
 * metrics.c - the table, and the values of its labels.
 *
 * A new metric is a field of struct metrics, whatever fills it, and one line here. A histogram's bins are powers of two; those from
 * 16 µs to 16 s are shown of times, which is finer than anything that follows from them.
 */
#include "store/metrics.h"

#include <assert.h>
#include <string.h>

/* ---- labels ---- */

/* The names of the contract without their prefix, in small letters. */
static const char *const REASONS[REASON_COUNT] = {
    [REASON_NONE] = "ok",
    [REASON_INVALID_ARGUMENT] = "invalid_argument",
    [REASON_TOO_LARGE] = "too_large",
    [REASON_WRONG_VERSION] = "wrong_version",
    [REASON_EVENT_ID_REUSED] = "event_id_reused",
    [REASON_PARTIAL_DUPLICATE] = "partial_duplicate",
    [REASON_NO_SUCH_EVENT] = "no_such_event",
    [REASON_NO_SUCH_SERVICE] = "no_such_service",
    [REASON_NO_SUCH_PATH] = "no_such_path",
    [REASON_STORE_FULL] = "store_full",
    [REASON_STORE_UNAVAILABLE] = "store_unavailable",
    [REASON_BUSY] = "busy",
    [REASON_SHUTTING_DOWN] = "shutting_down",
    [REASON_DENIED] = "denied",
    [REASON_RESPONDER_LOST] = "responder_lost",
    [REASON_CALLER_GONE] = "caller_gone",
    [REASON_CORRUPT] = "corrupt",
    [REASON_WRONG_STORE] = "wrong_store",
    [REASON_TIMED_OUT] = "timed_out",
    [REASON_WRONG_STATE] = "wrong_state",
    [REASON_STREAM_TOMBSTONED] = "stream_tombstoned",
};

static const char *outcome(size_t at)
{
    return REASONS[at];
}

static const char *reason(size_t at)
{
    return REASONS[at + 1];
}

/* The last is for everything else: health, reflection. */
static const char *const METHODS[] = {
    "Emit",        "EmitStream", "DeleteStream",      "Subscribe",     "Read",    "GetEvent",
    "ListStreams", "Info",       "SetRetention",      "ListRetention", "Connect", "Request",
    "Stream",      "Discover",   "Introspect",        "SetLogLevel",   "Compact", "Snapshot",
    "Import",      "Stats",      "ListSubscriptions", "ListSessions",  "other"};
enum { METHODS_LEN = sizeof METHODS / sizeof *METHODS };
static_assert((int)METHODS_LEN <= (int)METRICS_METHODS, "there is room");

static const char *method(size_t at)
{
    return METHODS[at];
}

size_t metrics_method(const char *path)
{
    const char *name = strrchr(path, '/');
    size_t at = 0;
    if (!name || strncmp(path, "/muon.v1.", 9) != 0)
        return METHODS_LEN - 1;
    while (at < METHODS_LEN - 1 && strcmp(METHODS[at], name + 1) != 0)
        at++;
    return at;
}

static const char *reader(size_t at)
{
    static const char *const names[] = {
        [MEASURES_SUBSCRIBE] = "subscribe", [MEASURES_READ] = "read"};
    return names[at];
}

static const char *state(size_t at)
{
    static const char *const names[] = {[MEASURES_READING] = "reading",
                                        [MEASURES_CAUGHT_UP] = "caught_up",
                                        [MEASURES_STALLED] = "stalled"};
    return names[at];
}

static const char *level(size_t at)
{
    static const char *const names[METRICS_LEVELS] = {"0", "1", "2", "3", "4", "5", "6"};
    return names[at];
}

static const char *version(size_t at)
{
    (void)at;
    return MUON_BUILD_VERSION;
}

static const struct metric_label OUTCOME = {"outcome", REASON_COUNT, outcome},
                                 REASON = {"reason", REASON_COUNT - 1, reason},
                                 METHOD = {"method", METHODS_LEN, method},
                                 READER = {"call", MEASURES_READERS, reader},
                                 STATE = {"state", MEASURES_SUBSCRIPTIONS, state},
                                 LEVEL = {"level", METRICS_LEVELS, level},
                                 VERSION = {"version", 1, version};

/* ---- the table ---- */

#define AT(field) offsetof(struct metrics, field)
/* What is always known, and what only when field `known` says so. */
#define ALWAYS(field)  .offset = AT(field), .known = METRIC_ALWAYS
#define IF(is, field)  .offset = AT(field), .known = AT(is)
#define BYTES          .unit = "bytes"
#define SECONDS        .unit = "seconds", .us = true
#define COUNTER        .type = METRIC_COUNTER
#define GAUGE          .type = METRIC_GAUGE
#define BINS(from, to) .type = METRIC_HISTOGRAM, .first = (from), .last = (to)
#define TIMES          BINS(4, 24), SECONDS

static const struct metric TABLE[] = {
    /* writing */
    {"photond_emits_total", "Batches of events that were stored.", ALWAYS(emits), COUNTER},
    {"photond_emitted_events_total", "Events that were stored.", ALWAYS(emitted_events), COUNTER},
    {"photond_emitted_bytes_total",
     "Bytes of the events that were stored, as their clients encoded them.", ALWAYS(emitted_bytes),
     COUNTER, BYTES},
    {"photond_emit_duplicates_total",
     "Batches that were stored already: retries, answered like the first time.", ALWAYS(duplicates),
     COUNTER},
    {"photond_deletions_total", "Streams that were deleted, or cut, because somebody asked for it.",
     ALWAYS(deletions), COUNTER},
    {"photond_emits_refused_total",
     "Batches and deletions that were not stored, by reason; of store_unavailable the outcome may "
     "be unknown.",
     ALWAYS(refused[1]), COUNTER, .label = &REASON},
    {"photond_emit_duration_seconds",
     "From the arrival of a batch or deletion to its answer, stored or not.", ALWAYS(emit_us),
     TIMES},
    {"photond_commits_total", "Commits that are durable.", ALWAYS(commits), COUNTER},
    {"photond_commit_size_events", "Events in a commit.", ALWAYS(commit_events), BINS(0, 16)},
    {"photond_commit_size_bytes", "Bytes of a commit's records.", ALWAYS(commit_bytes), BINS(8, 24),
     BYTES},
    {"photond_commit_duration_seconds",
     "From the moment that a commit is taken from the queue until it is durable.",
     ALWAYS(commit_us), TIMES},
    {"photond_sync_duration_seconds",
     "What it takes to make commits durable: one sync, for one or more of them.", ALWAYS(sync_us),
     TIMES},
    {"photond_write_failures_total",
     "How often writing became impossible: a write or sync failed, the disk was full.",
     ALWAYS(write_failures), COUNTER},
    {"photond_writable",
     "1: emits are accepted. 0: writing is impossible at the moment, or photond is going down.",
     ALWAYS(writable), GAUGE},
    {"photond_queue_batches", "Batches and deletions that wait to be committed.",
     ALWAYS(queue_batches), GAUGE},
    {"photond_queue_bytes",
     "Bytes of what waits to be committed; queue-bytes is its limit for single emits.",
     ALWAYS(queue_bytes), GAUGE, BYTES},
    {"photond_head_order_id",
     "The last order id: microseconds since 1970, 0 when there is no event.", ALWAYS(head_order_id),
     GAUGE},

    /* reading */
    {"photond_subscriptions",
     "Subscriptions, by how they stood when they were last looked at, which is every second.",
     ALWAYS(subscriptions), GAUGE, .label = &STATE},
    {"photond_subscription_lag_seconds",
     "How old the first event can be that a subscription has not been given; each subscription "
     "once a second.",
     ALWAYS(lag_us), BINS(10, 32), SECONDS},
    {"photond_subscription_lag_max_seconds",
     "The same of the one that is furthest behind, as of the last second.", ALWAYS(lag_max_us),
     GAUGE, SECONDS},
    {"photond_subscription_ahead_bytes", "Bytes of messages that are ready and cannot be sent yet.",
     ALWAYS(ahead_bytes), GAUGE, BYTES},
    {"photond_delivered_messages_total", "Messages with events that were handed to the network.",
     ALWAYS(delivered_messages), COUNTER, .label = &READER},
    {"photond_delivered_events_total", "Events in them.", ALWAYS(delivered_events), COUNTER,
     .label = &READER},
    {"photond_delivered_bytes_total", "Bytes of them.", ALWAYS(delivered_bytes), COUNTER, BYTES,
     .label = &READER},

    /* services */
    {"photond_sessions", "Sessions of services and their callers that are open.", ALWAYS(sessions),
     GAUGE},
    {"photond_services", "Services that have an instance, photond's own among them.",
     ALWAYS(services), GAUGE},
    {"photond_endpoints", "Paths that are served.", ALWAYS(endpoints), GAUGE},
    {"photond_requests_total",
     "Requests that were passed on to a service and are over, by outcome.", ALWAYS(requests),
     COUNTER, .label = &OUTCOME},
    {"photond_requests_refused_total",
     "Requests and subscriptions to services that could not be passed on, by reason.",
     ALWAYS(requests_refused[1]), COUNTER, .label = &REASON},
    {"photond_requests_open", "Requests that are under way.", ALWAYS(requests_open), GAUGE},
    {"photond_request_duration_seconds", "From the arrival of a request to the end of its answer.",
     ALWAYS(request_us), TIMES},
    {"photond_service_streams_total",
     "Subscriptions to streams of services that are over, by outcome.", ALWAYS(streams), COUNTER,
     .label = &OUTCOME},
    {"photond_service_streams_open", "Subscriptions to streams of services that are open.",
     ALWAYS(streams_open), GAUGE},

    /* gRPC */
    {"photond_calls_total", "gRPC calls that have begun, by method.", ALWAYS(calls), COUNTER,
     .label = &METHOD},
    {"photond_calls_open", "gRPC calls that are under way, by method.", ALWAYS(calls_open), GAUGE,
     .label = &METHOD},
    {"photond_calls_failed_total", "gRPC calls that ended with an error, by its reason.",
     ALWAYS(calls_failed[1]), COUNTER, .label = &REASON},

    /* the disk */
    {"photond_disk_size_bytes", "Size of the file system that the store is on.",
     IF(disk_known, disk_bytes), GAUGE, BYTES},
    {"photond_disk_free_bytes", "What photond can still write there.",
     IF(disk_known, disk_free_bytes), GAUGE, BYTES},
    {"photond_leveldb_memory_bytes", "Memory that LevelDB says it uses: caches and newest writes.",
     IF(leveldb_known, leveldb_memory_bytes), GAUGE, BYTES},
    {"photond_leveldb_files", "LevelDB's tables, by level.", IF(leveldb_known, level_files), GAUGE,
     .label = &LEVEL},
    {"photond_leveldb_bytes", "Bytes of LevelDB's tables, by level, in whole MiB.",
     IF(leveldb_known, level_bytes), GAUGE, BYTES, .label = &LEVEL},
    {"photond_leveldb_compaction_seconds_total",
     "Time that compactions into a level took, in whole seconds; from 0 when the store is opened "
     "anew, as the next two.",
     IF(leveldb_known, compaction_seconds), COUNTER, .unit = "seconds", .label = &LEVEL},
    {"photond_leveldb_compaction_read_bytes_total",
     "What compactions into a level read, in whole MiB.", IF(leveldb_known, compaction_read_bytes),
     COUNTER, BYTES, .label = &LEVEL},
    {"photond_leveldb_compaction_written_bytes_total",
     "What compactions into a level wrote, in whole MiB.",
     IF(leveldb_known, compaction_written_bytes), COUNTER, BYTES, .label = &LEVEL},

    /* the process */
    {"photond_build_info", "Always 1; its label is the version.", ALWAYS(build), GAUGE,
     .label = &VERSION},
    {"process_cpu_seconds_total", "Processor time, of the process and of the system for it.",
     IF(process_known, cpu_us), COUNTER, SECONDS},
    {"process_open_fds", "Open files and connections.", IF(process_known, open_fds), GAUGE},
    {"process_max_fds", "How many there may be.", IF(process_known, max_fds), GAUGE},
    {"process_virtual_memory_bytes", "Address space.", IF(process_known, virtual_bytes), GAUGE,
     BYTES},
    {"process_resident_memory_bytes", "Memory in use.", IF(process_known, resident_bytes), GAUGE,
     BYTES},
    {"process_start_time_seconds", "When photond started, since 1970.", IF(process_known, start_us),
     GAUGE, SECONDS},
    {"process_threads", "Threads.", IF(process_known, threads), GAUGE},
};

const struct metric *metrics_table(size_t *len)
{
    *len = sizeof TABLE / sizeof *TABLE;
    return TABLE;
}

/* ---- what the store counts ---- */

void metrics_take_measures(struct metrics *metrics, const struct measures *m)
{
    metrics->emits = tally_get(&m->emits);
    metrics->emitted_events = tally_get(&m->emitted_events);
    metrics->emitted_bytes = tally_get(&m->emitted_bytes);
    metrics->duplicates = tally_get(&m->duplicates);
    metrics->deletions = tally_get(&m->deletions);
    metrics->commits = tally_get(&m->commits);
    metrics->write_failures = tally_get(&m->write_failures);
    for (int reason = 0; reason < REASON_COUNT; reason++)
        metrics->refused[reason] = tally_get(&m->refused[reason]);
    for (int reader = 0; reader < MEASURES_READERS; reader++) {
        metrics->delivered_messages[reader] = tally_get(&m->delivered[reader].messages);
        metrics->delivered_events[reader] = tally_get(&m->delivered[reader].events);
        metrics->delivered_bytes[reader] = tally_get(&m->delivered[reader].bytes);
    }
    for (int state = 0; state < MEASURES_SUBSCRIPTIONS; state++)
        metrics->subscriptions[state] = tally_get(&m->subscriptions[state]);
    metrics->lag_max_us = tally_get(&m->lag_max_us);
    histogram_get(&m->emit_us, &metrics->emit_us);
    histogram_get(&m->commit_us, &metrics->commit_us);
    histogram_get(&m->sync_us, &metrics->sync_us);
    histogram_get(&m->commit_events, &metrics->commit_events);
    histogram_get(&m->commit_bytes, &metrics->commit_bytes);
    histogram_get(&m->lag_us, &metrics->lag_us);
}
