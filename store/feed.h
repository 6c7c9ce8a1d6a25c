/*
 * feed.h - answers a call with message after message, each made on a reader thread, while the one before is on its way.
 *
 * For Subscribe, Read and ListStreams. At most one message is within gRPC, and at most one more is ready; a ready one may be
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
    /* On a reader thread, never twice at once: one bounded step. Put a message into the parts, or leave them empty. ahead: a message
     * is on its way still, so what is made now may be taken back: give FEED_MORE rather than FEED_IDLE with it. */
    enum feed_result (*make)(struct feed *feed, bool ahead, struct parts *message,
                             struct error *error);
    /* The last message that was made ahead will not be sent: stand where it began. NULL: nothing is made ahead. Not while make
     * runs; must not call feed_* or fanout_*. */
    void (*take_back)(struct feed *feed);
    /* On a reader thread: the call is about to end; nobody may call feed_wake once this has returned. */
    void (*end)(struct feed *feed);
    /* Free the call's state. */
    void (*free)(struct feed *feed);
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
    enum reason stop;
    struct error *failed;
    struct parts ready;
    size_t sending_bytes; /* of the message on its way */
    size_t reserved;
    int64_t sent_ms; /* when the last message was given to gRPC */
};

enum { FEED_AHEAD_BYTES = 256 * 1024 }; /* set aside for a message that is made ahead */

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
