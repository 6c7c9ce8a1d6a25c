/*
 * workload.h - the events that are measured with: the same for every competitor.
 *
 * Event n has a payload of a given size that differs from event to event, a stream out of a given number, and an id that is a
 * UUIDv7 or a random UUID (version 4).
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "bench/measure.h"
#include "wire/event.h"
#include "wire/uuid.h"

enum spread {
    SPREAD_BATCH, /* a batch is of one stream, the next of the next */
    SPREAD_EVENT, /* every event is of a stream chosen at random */
    SPREAD_ROUND, /* one after the other */
    SPREAD_TENTH  /* a tenth of all goes to stream 0, in between the others */
};

struct workload {
    uint64_t streams, batch;
    size_t payload_bytes;
    enum spread spread;
    bool other_ids;     /* not UUIDv7 */
    const char *prefix; /* of streams' names */
    size_t prefix_len;

    uint64_t n; /* the next event */
    uint64_t random, id_random;
};

/* From arguments: streams, batch, bytes, spread (batch, event, round, tenth), ids (7, 4), prefix. */
struct workload workload_new(const struct args *args);

/* The texts of one event. */
struct made {
    char stream[64];
    char id[UUID_BYTES + 1];
    char payload[1024]; /* payload_bytes of it */
};
void workload_next(struct workload *workload, struct made *made);
void workload_stream(const struct workload *workload, uint64_t number, char out[64]);

/* made as an event of the wire; views made. */
struct event workload_event(const struct workload *workload, const struct made *made);

/* An encoded EmitRequest of the next `batch` events, as libmuon sends it. */
struct bytes *workload_request(struct workload *workload, uint64_t batch);

#endif
