/*
 * bench.h - the verbs `muon bench` and `muon latency`: how fast is it? And what their files have in common.
 *
 * With a rate the loop is open: each operation is due at a moment of its own, whatever has become of those before it, and its time
 * counts from there. A server that stops for a second is so seen by all who would have come in that second. Without a rate as much as
 * --in-flight allows is under way, each time counts from when it was sent, and the answer says "closed loop".
 */
#ifndef MUON_CLI_BENCH_H
#define MUON_CLI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"
#include "cli/histogram.h"

/* Run them. They return the exit code; failures have been told. */
int bench_run(const struct args *args);
int latency_run(const struct args *args);

/* ---- between bench*.c ---- */

enum { BENCH_IN_FLIGHT_MAX = 1000, BENCH_PREFIX_BYTES = 64 };

/* What is asked for, and what has come of it. */
struct bench {
    const struct args *args;
    const char *what;                /* "emit", "request", "replay" */
    const char *url;                 /* request: whom; replay: which stream */
    char prefix[BENCH_PREFIX_BYTES]; /* emit: streams PREFIX/0, PREFIX/1, … */
    uint64_t rate, in_flight, streams, payload_bytes, batch;
    int64_t duration_ms;
    char durability[64];

    struct histogram times; /* of what was done, in nanoseconds */
    uint64_t sent, done, failed, events, bytes;
    uint64_t behind;     /* were due, and were not sent, since too many were under way */
    uint64_t unanswered; /* when the time to wait for the last ones was over */
    double seconds;
    bool interrupted;
    muon_error error; /* the first failure */
};

/* Emits, or requests, until the time is over or Ctrl-C comes; then those under way are waited for. False: the failure has been told. */
bool bench_load(struct bench *bench, muon_client *client, int *code);

/* Replays what the stream holds, again and again, until the time is over or Ctrl-C comes. */
bool bench_replay(struct bench *bench, muon_client *client, int *code);

int64_t bench_now_ns(void);

#endif
