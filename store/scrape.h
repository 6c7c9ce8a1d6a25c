/*
 * scrape.h - the listener for whoever watches over photond: /metrics for Prometheus, /healthz and /readyz for supervisors and load
 * balancers, over plain HTTP.
 *
 * It has a thread and connections of its own, and everything about it is bounded: connections, what a client may send, and how long it may
 * take. Nothing of photond waits for it. It answers GET and HEAD, one request a connection.
 */
#ifndef PHOTON_SCRAPE_H
#define PHOTON_SCRAPE_H

#include "store/metrics.h"

/* What is asked, on the listener's thread. */
struct scrape_source {
    void (*metrics)(void *user, struct metrics *metrics);
    enum reason (*writable)(void *user); /* REASON_NONE: emits are accepted; must not block */
    void *user;
};

/* Connections at a time; the most that a client may send before it is answered; what a connection may take in all. */
enum { SCRAPE_CONNECTIONS = 32, SCRAPE_REQUEST_BYTES = 8 * 1024, SCRAPE_CONNECTION_MS = 10 * 1000 };

struct scrape;

/* Listen on "host:port" or "[v6]:port" and answer. connection_ms: 0: SCRAPE_CONNECTION_MS. NULL: *error says why not. */
struct scrape *scrape_open(const char *address, const struct scrape_source *source,
                           int64_t connection_ms, struct error *error);
int scrape_port(const struct scrape *scrape);
/* Close the connections and end the thread. NULL is fine. */
void scrape_close(struct scrape *scrape);

#endif
