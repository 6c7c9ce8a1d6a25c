/*
 * readers.h - a few threads that may block on the disk, and the queue of jobs for them. Pollers hand work over here.
 *
 * Jobs are intrusive; each is in the queue at most once (its owner's state sees to that), so the queue is bounded by the number
 * of calls. First come, first served: a job does one step of bounded work and queues itself again, so that all get their turn.
 */
#ifndef PHOTON_READERS_H
#define PHOTON_READERS_H

struct readers;
struct readers_job {
    void (*run)(struct readers_job *job); /* may free the job, or submit it again */
    struct readers_job *next;             /* readers.c's */
};

enum { READERS_THREADS_MAX = 64 };
/* 1 to READERS_THREADS_MAX threads, which block all signals. NULL: no memory or no threads. */
struct readers *readers_open(unsigned threads);
/* Any thread; never blocks on a job. Not after readers_close, but for jobs that it runs. */
void readers_submit(struct readers *readers, struct readers_job *job);
void readers_close(
    struct readers *readers); /* runs what is queued, then joins and frees. NULL is fine */

#endif
