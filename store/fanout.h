/*
 * fanout.h - who waits for which stream: a commit wakes those subscribers whose streams it touches (semantics 14).
 *
 * A subscriber that has reached the head waits here with a name, a pattern or everything. The committer makes one pass over
 * what a commit touches; each waiter that matches is taken out and woken, told where to look. Nothing is allocated for a
 * waiter, so waiting cannot fail. Threads: any.
 */
#ifndef PHOTON_FANOUT_H
#define PHOTON_FANOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/bytes.h"

struct fanout;

/* Embedded in a subscriber. woken runs on the committer's thread, must be short and must not call fanout_*, nor take a lock
 * under which fanout_* is called; the waiter no longer waits. first is the first order id of the commit: nothing that the waiter
 * wants stands between where it waited and there. */
struct fanout_waiter {
    void (*woken)(struct fanout_waiter *waiter, uint64_t first);
    struct span name; /* a stream, a pattern, or "__all__"; stays while waiting */

    /* fanout.c's: all zero before the first use */
    struct fanout_waiter *next, **back;
    uint64_t hash;
};

struct fanout *fanout_new(void);         /* NULL: no memory */
void fanout_free(struct fanout *fanout); /* nobody waits any more. NULL is fine */

/* Wait, unless *head is already beyond seen: then false, and go on reading. The check and the registration are one step, so no
 * commit slips between. */
bool fanout_wait(struct fanout *fanout, struct fanout_waiter *waiter, const _Atomic uint64_t *head,
                 uint64_t seen);

/* Stop waiting. true: woken will not run; whatever was published before the call is of no interest to the waiter. false: it
 * was not waiting, and if it ever was, woken has run. */
bool fanout_cancel(struct fanout *fanout, struct fanout_waiter *waiter);

/* A commit is durable: publish its last order id to *head and wake. names: the streams it touches, with XXH3-64 hashes; NULL: not
 * known, so everybody is woken. */
struct fanout_name {
    struct span name;
    uint64_t hash;
};
void fanout_publish(struct fanout *fanout, _Atomic uint64_t *head, uint64_t first, uint64_t last,
                    const struct fanout_name *names, size_t names_len);

#endif
