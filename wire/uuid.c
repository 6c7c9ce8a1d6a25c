/*
 * uuid.c - see uuid.h.
 *
 *   48 bits  milliseconds since 1970
 *    4 bits  7
 *   12 bits  the fraction of the millisecond
 *    2 bits  2
 *   62 bits  random
 *
 * The 60 bits of time are one number of 1/4096 ms, which never stands still: if the clock has not moved on since the last
 * one, the number is counted up instead. So ids rise within a process, and are nearly ordered across processes, which is what the
 * store's index of ids likes.
 *
 * The kernel is asked for random bytes some ids at a time: asking for each cost more than all the rest of an id. A forked child
 * throws away what it has inherited, or it would make its parent's ids.
 */
#include "wire/uuid.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t uuid7_ticks(void)
{
    static _Atomic uint64_t last;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ticks = (uint64_t)now.tv_sec * 1000 * 4096 + (uint64_t)now.tv_nsec * 4096 / 1000000;
    uint64_t before = atomic_load(&last), next;
    do
        next = ticks > before ? ticks : before + 1;
    while (!atomic_compare_exchange_weak(&last, &before, next));
    return next;
}

/* At most 256 bytes are never cut short; before the kernel has entropy, the call waits. */
enum { RANDOM_BYTES = 8, RANDOM_POOL = 256 };

static _Atomic unsigned forks; /* how many lie between this process and the first */

static void uuid7_forked(void)
{
    atomic_fetch_add(&forks, 1);
}

static void uuid7_watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, uuid7_forked) != 0)
        abort();
}

static void random_bytes(uint8_t out[RANDOM_BYTES])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local struct {
        uint8_t bytes[RANDOM_POOL];
        size_t left;
        unsigned forks;
    } pool;
    pthread_once(&once, uuid7_watch_forks);
    if (pool.left == 0 || pool.forks != atomic_load(&forks)) {
        while (getrandom(pool.bytes, RANDOM_POOL, 0) != RANDOM_POOL)
            if (errno != EINTR)
                abort();
        pool.left = RANDOM_POOL;
        pool.forks = atomic_load(&forks);
    }
    pool.left -= RANDOM_BYTES;
    memcpy(out, pool.bytes + pool.left, RANDOM_BYTES);
}

void uuid7_new(char out[UUID_BYTES + 1])
{
    uint8_t raw[16];
    uint64_t ticks = uuid7_ticks(), ms = ticks >> 12;
    random_bytes(raw + 8);
    for (int i = 0; i < 6; i++)
        raw[i] = (uint8_t)(ms >> (40 - 8 * i));
    raw[6] = (uint8_t)(0x70 | (ticks >> 8 & 0x0f));
    raw[7] = (uint8_t)ticks;
    raw[8] = (uint8_t)(0x80 | (raw[8] & 0x3f));
    static const char hex[] = "0123456789abcdef";
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[raw[i] >> 4];
        *at++ = hex[raw[i] & 15];
    }
    *at = '\0';
}
