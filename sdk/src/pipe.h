/*
 * pipe.h - a long call that one thread of the application drives by blocking: messages in both directions, one at a time.
 *
 * Unlike a subscription it is not begun again: whoever drives it knows where to go on. Counted: the driver's handle and the call
 * hold one reference each.
 */
#ifndef MUON_SDK_PIPE_H
#define MUON_SDK_PIPE_H

#include <pthread.h>
#include <stdbool.h>

#include <muon/muon.h>

#include "wire/bytes.h"
#include "wire/error.h"

struct client_call;
struct link;

struct pipe {
    struct pipe *next; /* in the client's list, while the call lives */
    size_t refs;       /* under the client's lock */
    muon_client *client;
    struct client_call *call; /* NULL: it has ended */
    struct link *link;
    pthread_cond_t changed;
    struct bytes *message; /* received, not taken */
    bool reading, sending;
    struct error status; /* once it has ended */
};

struct pipes {
    struct pipe *head;
};

/* Wait for a connection, and begin the call. */
int32_t pipe_open(muon_client *c, const char *path, int32_t timeout_ms, struct pipe **out,
                  muon_error *err);
/* Cancel it, if it still runs. Never blocks. NULL is fine. */
void pipe_free(struct pipe *pipe);

/* Wait until the message before has left, then send. last: nothing follows. */
int32_t pipe_send(struct pipe *pipe, struct bytes *message, bool last, int32_t timeout_ms,
                  muon_error *err);
/* The next message, which the caller owns; MUON_END: the call has ended well. */
int32_t pipe_next(struct pipe *pipe, int32_t timeout_ms, struct bytes **out, muon_error *err);
/* The next message if it is there; else NULL. */
struct bytes *pipe_look(struct pipe *pipe);

/* Under the lock, on the I/O thread: the client stops. */
void pipe_cancel(muon_client *c);

#endif
