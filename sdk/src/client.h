/*
 * client.h - a client: what its parts share, who may touch it, and how it ends.
 *
 * Threads   One I/O thread (the poller of its completion queue) and any number of the application's. All state is under
 *           one lock, client->mutex. Calls are begun, sent to and read from under it, by any thread; they are freed, and
 *           channels opened and closed, on the I/O thread only, so that nobody meets a call that is going away.
 * Locks     client->mutex, then a queue's, then inflight's. Nothing of the application's runs under any of them.
 * Life      Counted: the application's handle, each queue, subscription, server and call, and the machinery (from muon_open until the
 *           completion queue is closed) hold one reference each.
 * End       open → closing (no new work) → stopping (everything was cancelled, nothing new begins) → stopped (no thread).
 */
#ifndef MUON_SDK_CLIENT_H
#define MUON_SDK_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <muon/muon.h>

#include "sdk/src/config.h"
#include "sdk/src/connection.h"
#include "sdk/src/discovery.h"
#include "sdk/src/emit_stream.h"
#include "sdk/src/inflight.h"
#include "sdk/src/log.h"
#include "sdk/src/metrics.h"
#include "sdk/src/pipe.h"
#include "sdk/src/request.h"
#include "sdk/src/serving.h"
#include "sdk/src/session.h"
#include "sdk/src/subscribe.h"
#include "sdk/src/unary.h"
#include "sdk/src/url.h"
#include "sdk/src/watch.h"
#include "wire/cq.h"

enum client_phase { CLIENT_OPEN, CLIENT_CLOSING, CLIENT_STOPPING, CLIENT_STOPPED };

struct muon_client {
    atomic_size_t refs;
    pthread_mutex_t mutex;
    pthread_cond_t
        changed; /* phase, the emits that wait, what is registered and served: for close, flush, ping */
    enum client_phase phase;
    struct muon_config config;
    struct url url;
    struct cq *cq;
    muon_queue *queues;

    struct inflight inflight;
    struct connection connection;
    struct emit_stream emits;
    struct unaries unaries;
    struct subs subs;
    struct pipes pipes;
    struct session asks, serves;
    struct requests requests;
    struct servers servers;
    struct watchers watchers;
    struct discoveries discoveries;
    struct log log;
    struct metrics metrics;

    struct cq_timer timer;
    bool timer_set;
    int64_t timer_at_ms;
    struct cq_op stop; /* posted to cancel everything on the I/O thread */
};

/* For every public function: checks fork and NULL, locks. MUON_OK: the client is open, and client_leave must follow. */
int32_t client_enter(muon_client *c, muon_error *err);
void client_leave(muon_client *c);

muon_client *client_ref(muon_client *c);
void client_unref(muon_client *c);

/* The deadline of a public function's timeout_ms (0: the default). false: it is below MUON_FOREVER; err tells. */
bool client_deadline(const muon_client *c, int32_t timeout_ms, int64_t *deadline_ms,
                     muon_error *err);

/* ---- under the lock ---- */

/* Call the tick of every part at this moment of clock.h, or soon after. */
void client_wake_at(muon_client *c, int64_t at_ms);

/* Is there anything for which a connection is needed? */
bool client_is_busy(const muon_client *c);

/* The connection has become usable: begin what waits for it. */
void client_connected(muon_client *c);

/* Cancel what is bound to the queue: everything, or (tag not NULL) what has this tag. */
bool client_cancel(muon_client *c, const muon_queue *q, uint64_t tag);

/* ---- not under the lock ---- */
void client_add_queue(muon_client *c, muon_queue *q);
/* Cancels what is bound to it. */
void client_remove_queue(muon_client *c, muon_queue *q);

#endif
