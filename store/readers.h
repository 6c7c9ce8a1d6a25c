/*
 * readers.h - a few threads that may block on the disk, and the queue of jobs for them. Pollers hand work over here.
 *
 * Jobs are intrusive; each is in the queue at most once (its owner's state sees to that), so the queue is bounded by the number
 * of calls. First come, first served: a job does one step of bounded work and queues itself again, so that all get their turn.
 */
#ifndef PHOTON_READERS_H
#define PHOTON_READERS_H

#include <stdbool.h>

struct readers;
struct readers_job {
    void (*run)(struct readers_job *job);
    struct readers_job *next; /* readers.c's */
};
struct readers *readers_open(unsigned threads); /* 1 to 64; signals blocked. NULL: no memory or no threads */
void readers_submit(struct readers *readers, struct readers_job *job);
void readers_close(struct readers *readers); /* runs what is queued, then joins */

#endif
