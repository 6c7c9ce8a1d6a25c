/*
 * commit.h - the committer: the one thread that writes.
 *
 * It takes everything that waits, up to a commit's size, has it decided and built (sequence.h), writes it with one sync, tells
 * the readers, and hands the outcomes over to a poller. There is no timer: the sync is the batching window.
 *
 * When a write fails (semantics 8), everything that was submitted is answered (what was being written: outcome unknown), and
 * nothing more is taken until the log has been opened anew; the committer tries that by itself. When what failed is that LevelDB has
 * met damage, or opening anew does, nothing is taken any more: only somebody who looks at the store can mend that. What can be read is
 * read all the same.
 */
#ifndef PHOTON_COMMIT_H
#define PHOTON_COMMIT_H

#include "store/store.h"
#include "store/submission.h"

/* A commit stops taking at COMMIT_BYTES (one legal batch may exceed it); from each call it takes a TURN_BYTES at a time, so that a
 * bulk importer does not hold up single writers (semantics 7). */
enum { COMMIT_BYTES = 256 * 1024, TURN_BYTES = 64 * 1024 };

struct commit_options {
    size_t queue_bytes; /* waiting, of calls that can be told "busy" */
    size_t heads_bytes, recent_ids;
    /* On the committer's thread, when writing becomes impossible or possible again. */
    void (*writable_changed)(void *user, bool writable);
    void *user;
};

struct commit *commit_open(struct store *store, const struct commit_options *options,
                           struct error *error);

/* Queue a chain of submissions (by ->next) of one owner, to be committed in this order. REASON_NONE: each is done exactly once, in
 * this order. Else *error, and all are still the caller's: BUSY (never for a chain with a lane), STORE_FULL, STORE_UNAVAILABLE,
 * CORRUPT, SHUTTING_DOWN; nothing was stored. Any thread. */
enum reason commit_submit(struct commit *commit, struct submission *chain, struct error *error);

/* What waits at this moment; why nothing can be written now. Any thread. */
struct commit_queue {
    size_t submissions, bytes;
    enum reason down; /* REASON_NONE: writing is possible */
};
struct commit_queue commit_queue(struct commit *commit);

/* Refuse what comes from now on, commit what waits, answer, end the thread. Safe with NULL. Not from a poller. */
void commit_close(struct commit *commit);

#endif
