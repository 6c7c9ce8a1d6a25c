/*
 * inflight.c - two counters under a lock of their own, the innermost one: nothing else is locked while it is held.
 */
#include "sdk/src/inflight.h"

#include <assert.h>

#include "sdk/src/clock.h"

void inflight_init(struct inflight *in, uint64_t count_max, uint64_t bytes_max)
{
    *in = (struct inflight){.count_max = count_max, .bytes_max = bytes_max};
    pthread_mutex_init(&in->mutex, NULL);
    pthread_cond_init(&in->room, NULL);
}

void inflight_fini(struct inflight *in)
{
    pthread_mutex_destroy(&in->mutex);
    pthread_cond_destroy(&in->room);
}

static bool has_room(const struct inflight *in, size_t bytes)
{
    return in->count == 0 || (in->count < in->count_max && in->bytes + bytes <= in->bytes_max);
}

bool inflight_enter(struct inflight *in, size_t bytes, int64_t deadline_ms)
{
    pthread_mutex_lock(&in->mutex);
    bool in_time = deadline_ms > 0;
    while (!in->closed && !has_room(in, bytes) && in_time)
        in_time = clock_wait(&in->room, &in->mutex, deadline_ms);
    bool entered = !in->closed && has_room(in, bytes);
    if (entered) {
        in->count++;
        in->bytes += bytes;
    }
    pthread_mutex_unlock(&in->mutex);
    return entered;
}

void inflight_leave(struct inflight *in, size_t bytes)
{
    pthread_mutex_lock(&in->mutex);
    assert(in->count > 0 && in->bytes >= bytes);
    in->count--;
    in->bytes -= bytes;
    pthread_cond_broadcast(&in->room);
    pthread_mutex_unlock(&in->mutex);
}

void inflight_close(struct inflight *in)
{
    pthread_mutex_lock(&in->mutex);
    in->closed = true;
    pthread_cond_broadcast(&in->room);
    pthread_mutex_unlock(&in->mutex);
}

uint64_t inflight_count(struct inflight *in)
{
    pthread_mutex_lock(&in->mutex);
    uint64_t count = in->count;
    pthread_mutex_unlock(&in->mutex);
    return count;
}
