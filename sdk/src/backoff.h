/*
 * backoff.h - how long to wait before the next attempt: full jitter, so that a thousand clients of a restarted server do
 * not come back together.
 */
#ifndef MUON_SDK_BACKOFF_H
#define MUON_SDK_BACKOFF_H

#include <stdint.h>

/* All-zero is ready for use, and what success resets it to. */
struct backoff {
    uint32_t failures;
};

/* After one more failure: between 0 and 50 ms doubled with each failure, never over max_ms. random: any 64 bits. */
int64_t backoff_next_ms(struct backoff *backoff, int64_t max_ms, uint64_t random);

/* Random enough for jitter. */
uint64_t backoff_random(void);

#endif
