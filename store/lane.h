/*
 * lane.h - what waits to be committed: chains of submissions, a lane for each call, and the ring in which lanes take turns
 * (semantics 7). Nothing here locks: the committer's lock guards all of it.
 */
#ifndef PHOTON_LANE_H
#define PHOTON_LANE_H

#include <stdbool.h>
#include <stddef.h>

struct submission;

/* Submissions in order, linked by ->next. All-zero is empty. */
struct chain {
    struct submission *first, *last;
    size_t bytes, len;
};

void chain_push(struct chain *chain, struct submission *submission);
struct submission *chain_shift(struct chain *chain);        /* must not be empty */
void chain_append(struct chain *chain, struct chain *more); /* more is empty afterwards */
struct chain chain_of(struct submission *first);            /* of what is linked already */

/* What one call has waiting. All-zero at first; it must stay until every submission of it is done. */
struct lane {
    struct chain waiting;
    struct lane *next; /* while anything waits: in the ring */
    bool
        broken; /* after a failure that could be retried nothing more of the call may be committed, or a retry would
                          change the order; the committer's */
};

/* The lanes in which something waits, in the order of their turns. All-zero is empty. */
struct lane_ring {
    struct lane *first, *last;
    size_t bytes, len; /* of all that waits in them */
};

/* more: not empty. */
void lane_submit(struct lane_ring *ring, struct lane *lane, struct chain *more);
/* One turn of turn_bytes after the other, until taken has bytes_max or nothing waits. */
void lane_take(struct lane_ring *ring, struct chain *taken, size_t bytes_max, size_t turn_bytes);
void lane_take_all(struct lane_ring *ring, struct chain *taken);

#endif
