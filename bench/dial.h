/*
 * dial.h - connections to photond by wire/client.h: what measures the server with as little client as possible.
 */
#ifndef BENCH_DIAL_H
#define BENCH_DIAL_H

#include <semaphore.h>

#include "bench/measure.h"
#include "wire/client.h"

#define PHOTON "/muon.v1.PhotonService/"

/* One completion queue with one poller, on which all handlers run: they need no locks among themselves. Not moved. */
struct dial {
    struct cq *cq;
    struct channel **channels;
    size_t len;
    sem_t done; /* for the main thread to wait on */
};

/* Open len connections of their own to target=, with ca=, cert=, key= over TLS, and wait until all are up. */
void dial_open(struct dial *dial, const struct args *args, size_t len);

/* Handlers for what a caller does not look at. */
void dial_ignore_message(struct client_call *call, struct bytes *message);
void dial_ignore_sent(struct client_call *call, bool ok);

/* Die with what the server said. */
void dial_check(const struct error *status, const char *what);

#endif
