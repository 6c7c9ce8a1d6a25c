/*
 * clock.c - CLOCK_MONOTONIC throughout: condition variables are waited for on it explicitly, so that they need no attributes.
 */
#include "sdk/src/clock.h"

#include <errno.h>
#include <time.h>

int64_t clock_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_deadline_ms(int32_t timeout_ms)
{
    return timeout_ms < 0 ? CLOCK_NEVER : clock_now_ms() + timeout_ms;
}

int64_t clock_left_ms(int64_t deadline_ms)
{
    if (deadline_ms == CLOCK_NEVER)
        return -1;
    int64_t left = deadline_ms - clock_now_ms();
    return left > 0 ? left : 0;
}

bool clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms)
{
    if (deadline_ms == CLOCK_NEVER)
        return pthread_cond_wait(cond, mutex) == 0;
    struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}
