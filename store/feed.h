/*
 * feed.h - answers a call with message after message, each made on a reader thread, while the one before is on its way.
 *
 * For Subscribe, Read and ListStreams. At most one message is within gRPC, and at most FEED_READY_MAX more are ready; they may be
 * taken back and made again later, so a client that does not read costs its place and no memory worth naming.
 *
 * A feed is embedded in the call's own state, which serve's handlers hand over: sent, lost and gone are the feed's.
 */
#ifndef PHOTON_FEED_H
#define PHOTON_FEED_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/measures.h"
#include "store/parts.h"
#include "store/readers.h"
#include "wire/serve.h"

struct feed;

enum feed_result {
    FEED_MORE,  /* make again */
    FEED_IDLE,  /* make again after feed_wake */
    FEED_LAST,  /* the call ends with OK, after the message */
    FEED_FAILED /* the call ends with *error; no message */
};

/* A call's own part. */
struct feed_maker {
    /* On a reader thread, never twice at once: one bounded step. Put a message into the parts, or leave them empty. ahead: so many
     * messages were made and have not left, so what is made now may be taken back: give FEED_MORE rather than FEED_IDLE with it,
     * and in any case if there is more than one. */
    enum feed_result (*make)(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error);
    /* The last messages that were made, 1 to FEED_READY_MAX of them, will not be sent: stand where the first of them began. NULL:
     * nothing is made ahead. Not while make runs; must not call feed_* or fanout_*. */
    void (*take_back)(struct feed *feed, unsigned messages);
    /* On a reader thread: the call is about to end; nobody may call feed_wake once this has returned. */
    void (*end)(struct feed *feed);
    /* Free the call's state. */
    void (*free)(struct feed *feed);
};

enum {
    FEED_READY_MAX = 4, /* messages */
    FEED_READY_LOW =
        1, /* when so many are left, more are made: one change of threads for several */
    FEED_AHEAD_BYTES = 256 * 1024 /* set aside for a message that is made ahead */
};

/* A message that was made while another was on its way. */
struct feed_ready {
    struct parts message;
    size_t reserved; /* of ahead_left */
};

struct feed {
    struct serve_call *call;
    struct readers *readers;
    const struct feed_maker *maker;
    _Atomic size_t
        *ahead_left; /* bytes that may be made ahead, over all feeds; with take_back only */
    struct measures_delivered *delivered; /* counts what is sent; NULL: nobody does */

    /* feed.c's */
    struct readers_job job;
    pthread_mutex_t lock;
    bool scheduled, making, idle, woken, sending, stuck, ended, finished;
    bool enough; /* is made ahead, until FEED_READY_LOW */
    enum reason stop;
    struct error *failed;
    struct feed_ready ready[FEED_READY_MAX]; /* a ring */
    unsigned ready_first, ready_len;
    size_t sending_bytes; /* of the message on its way */
    int64_t sent_ms;      /* when the last message was given to gRPC */
};

/* call, readers, maker and ahead_left are set, the rest is zero. Called in the method's begin; sets the call's state to the feed. */
void feed_init(struct feed *feed);
/* Then, still within begin, and better under no lock that the maker wants. */
void feed_start(struct feed *feed);
/* There may be something to make now. Any thread, until maker->end has returned. */
void feed_wake(struct feed *feed);
/* End the call with this reason, as soon as what is on its way has left. Any thread, until maker->end has returned. */
void feed_stop(struct feed *feed, enum reason reason);
enum feed_state {
    FEED_BUSY,    /* there is more to make */
    FEED_WAITING, /* made all there was, and waits for feed_wake */
    FEED_STALLED  /* the client has not taken a message for a second */
};
/* Every second or so: if the client has not taken a message for a second, take back what is ready. Returns true when nothing has been
 * sent for quiet_ms and nothing is on its way. Any thread, until maker->end has returned. */
bool feed_look(struct feed *feed, int64_t now_ms, int64_t quiet_ms, enum feed_state *state);
/* How it stands now, and how many bytes were made and have not left. Any thread, until maker->end has returned. */
enum feed_state feed_see(struct feed *feed, int64_t now_ms, size_t *waiting_bytes);
/* Milliseconds since the last message (or the start), for maker->make. */
int64_t feed_quiet_ms(struct feed *feed);

/* For the method's table. */
void feed_sent(struct serve_call *call, bool ok);
void feed_lost(struct serve_call *call);
void feed_gone(struct serve_call *call);

#endif
