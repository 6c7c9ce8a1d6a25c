/*
 * emit_stream.h - the pipelined call that all emits of a client travel on.
 *
 * Emits are kept, encoded, in the order accepted, until they are answered. While a message is being written new ones gather,
 * and the next message ships them all: no timer, no linger (semantics 23). When the call is lost a new one is begun and
 * everything unanswered is sent again, in order, before anything new (semantics 7, 22).
 *
 * All functions are called under the client's lock.
 */
#ifndef MUON_SDK_EMIT_STREAM_H
#define MUON_SDK_EMIT_STREAM_H

#include <muon/muon.h>

#include "sdk/src/backoff.h"
#include "sdk/src/connection.h"
#include "sdk/src/outcome.h"
#include "wire/error.h"

struct emit {
    struct emit *next;
    uint64_t number;
    struct bytes *request; /* an encoded EmitRequest; owned */
    struct outcome
        *outcome; /* NULL: delivered; the emit stays only for its answer to be passed over */
    int64_t begun_ms, deadline_ms;
    bool sent;    /* on any call: its outcome is unknown */
    bool on_call; /* on the one that runs now */
};

struct emit_stream {
    struct emit *head, **tail;
    struct emit *unsent; /* the first that is not on the call yet */
    size_t waiting;      /* with an outcome */
    uint64_t last_number;
    struct client_call *call;
    struct link *link;
    bool sending;
    struct backoff backoff;
    int64_t retry_at_ms;
    int64_t earliest_ms;            /* no deadline is before this */
    char failure[FAILURE_TEXT_MAX]; /* what the last call ended with; "" since the last answer */
    char failure_id[REQUEST_ID_BYTES];
};

void emit_stream_init(struct emit_stream *stream);

/* Take over an emit: outcome, request and deadline are set. It leaves at once if nothing is being written. */
void emit_stream_submit(muon_client *c, struct emit *emit);

/* The number of the oldest emit that waits; UINT64_MAX: none does. */
uint64_t emit_stream_oldest(const struct emit_stream *stream);

void emit_stream_connected(muon_client *c);
int64_t emit_stream_tick(muon_client *c, int64_t now_ms);
/* Emits whose item goes to this queue, with this tag unless NULL; queue NULL: all. */
bool emit_stream_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag);
/* On the I/O thread: everything fails with MUON_ECANCELLED. */
void emit_stream_stop(muon_client *c);

#endif
