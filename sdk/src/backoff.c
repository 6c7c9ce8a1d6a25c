/*
 * backoff.c - exponential growth, full jitter.
 */
#include "sdk/src/backoff.h"

#include <stdatomic.h>
#include <time.h>

enum { FIRST_MS = 50, DOUBLINGS_MAX = 16 };

int64_t backoff_next_ms(struct backoff *backoff, int64_t max_ms, uint64_t random)
{
    int64_t ceiling_ms = (int64_t)FIRST_MS << backoff->failures;
    if (backoff->failures < DOUBLINGS_MAX)
        backoff->failures++;
    if (ceiling_ms > max_ms)
        ceiling_ms = max_ms;
    return (int64_t)(random % (uint64_t)(ceiling_ms + 1));
}

uint64_t backoff_random(void)
{
    static _Atomic uint64_t counter;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t z = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15 + atomic_fetch_add(&counter, 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return z ^ (z >> 31);
}
