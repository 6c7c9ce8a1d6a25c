/*
 * unary.h - calls that ask once: Info, Read, GetEvent, ListStreams, DeleteStream, SetRetention, ListRetention.
 *
 * One that may be repeated without harm is begun again after a failure that may pass, until its time is over. The answer's messages
 * are kept until the call is over.
 */
#ifndef MUON_SDK_UNARY_H
#define MUON_SDK_UNARY_H

#include <stdbool.h>

#include <muon/muon.h>

#include "sdk/src/backoff.h"
#include "sdk/src/outcome.h"
#include "wire/error.h"

struct client_call;
struct link;

enum { UNARY_ASYNC_MAX = 1024 };

struct unary {
    struct unary *next;
    muon_client *client;
    const char *path;      /* "/muon.v1.PhotonService/Read" */
    struct bytes *request; /* owned */
    bool once;             /* never begun again after it may have reached the store */
    int64_t begun_ms, deadline_ms, retry_at_ms;
    struct backoff backoff;
    size_t answer_bytes_max;
    /* Asynchronous ones: turn the answer into item->object, or fail, on the I/O thread. */
    void (*convert)(struct unary *unary, muon_item *item);
    struct outcome *outcome;

    struct client_call *call; /* NULL: waits for a connection or for retry_at_ms */
    struct link *link;
    bool cancelled, too_big;
    struct bytes **answer; /* its messages, owned */
    size_t answer_len, answer_room, answer_bytes;
    char failure[128];                 /* of the last try, */
    char failure_id[REQUEST_ID_BYTES]; /* and its request_id */
};

struct unaries {
    struct unary *head;
    size_t len;
};

/* A call that may be repeated, with the default bound on its answer. Takes over request (NULL: no memory, likewise the result). */
struct unary *unary_new(const char *path, struct bytes *request);
void unary_free(struct unary *unary); /* NULL is fine */

/* Do it and wait. MUON_OK: unary->answer is there. Frees nothing. */
int32_t unary_run(muon_client *c, struct unary *unary, int32_t timeout_ms, muon_error *err);

/* Do it; an item of this kind follows in q. Takes over the unary in any case. */
int32_t unary_start(muon_client *c, struct unary *unary, int32_t timeout_ms, muon_queue *q,
                    uint64_t tag, int32_t kind, muon_error *err);

/* ---- under the client's lock ---- */
void unary_connected(muon_client *c);
int64_t unary_tick(muon_client *c, int64_t now_ms);
bool unary_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag); /* NULL: any */

#endif
