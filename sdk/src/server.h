/*
 * server.h - one muon_server: registered by serving.c, given calls, closed. The public functions are in services.h.
 *
 * It is in the client's list until it is over: closed, or not accepted by photond. All under the client's lock.
 */
#ifndef MUON_SDK_SERVER_H
#define MUON_SDK_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <muon/muon.h>

#include "sdk/src/queue.h"
#include "wire/error.h"

struct call;

struct muon_server {
    atomic_size_t
        refs; /* the application's, the client's list, each call's, and the entry's while it is queued */
    muon_client *client; /* counted */
    struct muon_server *next;
    char path[NAME_BYTES_MAX + 1], doc[NAME_BYTES_MAX + 1];
    bool stream;
    uint32_t inflight, inflight_max; /* calls that are not given back */
    muon_queue *queue;               /* counted; NULL: muon_server_next */
    uint64_t tag;
    struct queue_entry entry;
    struct call *head, **tail; /* calls that nobody has taken */
    pthread_cond_t ready;      /* for muon_server_next */
    bool confirmed;            /* on the session that is */
    bool over, told, freed;
    int32_t end_status;
    muon_error end_error;
};

void server_ref(muon_server *server);
void server_unref(muon_server *server);

/* Tell the session, if there is one, that it is served, or no longer. */
void server_put_endpoint(muon_server *server, bool removed);
/* photond has said that it is registered; or a session was lost. */
void server_confirm(muon_server *server, bool confirmed);

/* All of a call is there: give it to whoever asks for calls. */
void server_offer(muon_server *server, struct call *call);
/* A call that nobody has taken is over. */
void server_withdraw(muon_server *server, struct call *call);

/* It is over. Calls that nobody has taken are refused; those taken stay as they are. */
void server_end(muon_server *server, int32_t status, const muon_error *error);

#endif
