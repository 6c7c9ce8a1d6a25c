/*
 * call.h - a call to answer: a request, or a subscriber of a stream that is served.
 *
 * It is held by the session until its last frame has left or it is over, by its holder (the server as long as nobody has taken
 * it, then the application) until it is given back, and by its entry while that is queued.
 */
#ifndef MUON_SDK_CALL_H
#define MUON_SDK_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include <muon/muon.h>

#include "sdk/src/exchange.h"
#include "sdk/src/queue.h"

struct call {
    struct muon_call seen; /* first: what the application knows of it */
    struct exchange exchange;
    muon_client *client; /* counted */
    muon_server *server; /* counted */
    struct call *next;   /* among those that nobody has taken */
    atomic_size_t refs;
    bool taken;      /* by the application */
    bool given_back; /* answered or freed: only the session may hold it still */
    bool gone;       /* the caller, or the session */
    bool wants_room; /* it was told to try again later */
    bool told_gone;
    int32_t end_status; /* of a stream that ends when its last item has left; 0: it does not */
    char end_text[128];
    struct queue_entry entry;
    pthread_cond_t changed;
    char texts[]; /* of seen */
};

/* ---- under the client's lock ---- */

/* A Call has come, for this server: it is on the session. false: no memory. */
bool call_begin(muon_client *c, muon_server *server, const struct frame *frame,
                const struct bus_url *url);

/* Give it back with this status, for whoever has not taken it. */
void call_refuse(struct call *call);

void call_unref(struct call *call);

#endif
