/*
 * bus.h - where services meet: the calls of BusService, and what photond does with all of them together.
 *
 * It knows wire/ and nothing of the store. Sessions (session.h) and plain calls (request.h, stream.h) come from outside; a responder
 * inside the process (inside.h) is how photond itself is a service.
 */
#ifndef MUON_BUS_BUS_H
#define MUON_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cq.h"
#include "wire/error.h"
#include "wire/serve.h"
#include "wire/tally.h"

struct bus;

enum {
    BUS_METHODS = 5,
    BUS_ENDPOINTS_MAX = 10000,
    BUS_CALLS_MAX = 1024,
    /* The answers to all the calls of a session, as far as libmuon gives them credit, fit. */
    BUS_OUTBOX_BYTES = 384 * 1024 * 1024
};

struct bus_options {
    const char *store_id; /* borrowed until bus_close */
    uint32_t beat_ms;     /* semantics 16 */
    size_t sessions_max;
    uint64_t body_bytes; /* the largest body in all */
    /* The most that waits for a session that does not read, before it is ended; 0: BUS_OUTBOX_BYTES. */
    size_t outbox_bytes;
    /* "name=identity,name=identity": who may serve a name (semantics 17); NULL: whoever comes first. Borrowed, too. */
    const char *owners;
};

/* NULL: no memory, or owners is not of that form (owners.h says what is wrong). cq: stays until after bus_close. */
struct bus *bus_open(struct cq *cq, const struct bus_options *options);

/* The methods of muon.v1.BusService; their service is the bus. */
extern const struct serve_method *const bus_methods[BUS_METHODS];

/* What has happened since the start, and what there is. */
struct bus_counts {
    uint64_t requests
        [REASON_COUNT]; /* that were passed on and are over, by how; REASON_NONE: answered */
    uint64_t streams[REASON_COUNT]; /* the same of subscriptions to streams of services */
    uint64_t refused[REASON_COUNT]; /* requests and subscriptions that were not passed on, by why */
    uint64_t requests_open, streams_open;
    uint64_t sessions, services, endpoints; /* connected; with an instance; paths that are served */
    struct histogram_values request_us;     /* from a request's arrival to the end of its answer */
};
/* Any thread; takes the bus's lock for a moment. */
void bus_counts(struct bus *bus, struct bus_counts *counts);

/* Nothing new begins: sessions are told to drain and end once nothing of theirs runs; streams and watches end now. */
void bus_drain(struct bus *bus, int64_t timeout_ms);
/* The timer stops: before cq_close, when no call is left. */
void bus_stop(struct bus *bus);
/* After cq_close. NULL is fine. */
void bus_close(struct bus *bus);

#endif
