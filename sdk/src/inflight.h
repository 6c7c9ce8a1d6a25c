/*
 * inflight.h - how much may be under way: emits are counted from acceptance until their item is drained (or the blocked
 * caller returns), in number and in bytes.
 */
#ifndef MUON_SDK_INFLIGHT_H
#define MUON_SDK_INFLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inflight {
    pthread_mutex_t mutex;
    pthread_cond_t room;
    uint64_t count, bytes, count_max, bytes_max;
    bool closed;
};

void inflight_init(struct inflight *in, uint64_t count_max, uint64_t bytes_max);
void inflight_fini(struct inflight *in);

/* Take a place for one thing of this size. A thing larger than the whole limit is let through when nothing else is there.
 * Waits for room until deadline_ms (0: not at all). false: no room, or closed. */
bool inflight_enter(struct inflight *in, size_t bytes, int64_t deadline_ms);
void inflight_leave(struct inflight *in, size_t bytes);

/* Nobody waits any more, nor ever will. */
void inflight_close(struct inflight *in);

/* What is under way now. */
uint64_t inflight_count(struct inflight *in);

#endif
