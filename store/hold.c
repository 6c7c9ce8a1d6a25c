/*
 * hold.c - see hold.h.
 *
 * How many there are, and until when the youngest of them holds: enough to know whether anything may be erased.
 */
#include "store/hold.h"

#include <pthread.h>
#include <stdlib.h>

struct hold_all {
    int64_t (*now_ms)(void);
    pthread_mutex_t lock;
    pthread_cond_t erased;
    bool erasing;
    unsigned count;
    int64_t until_ms;
    void (*released)(void *user);
    void *user;
};

struct hold_all *hold_all_new(int64_t (*now_ms)(void))
{
    struct hold_all *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    all->now_ms = now_ms;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->erased, NULL);
    return all;
}

void hold_all_free(struct hold_all *all)
{
    if (!all)
        return;
    pthread_cond_destroy(&all->erased);
    pthread_mutex_destroy(&all->lock);
    free(all);
}

void hold_all_on_release(struct hold_all *all, void (*released)(void *user), void *user)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->released = released;
    all->user = user;
    pthread_mutex_unlock(&all->lock);
}

static void hold_extend(struct hold *hold)
{
    struct hold_all *all = hold->all;
    hold->until_ms = all->now_ms() + HOLD_MS;
    if (hold->until_ms > all->until_ms)
        all->until_ms = hold->until_ms;
}

void hold_begin(struct hold *hold, struct hold_all *all)
{
    hold->all = all;
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    while (all->erasing)
        pthread_cond_wait(&all->erased, &all->lock);
    all->count++;
    hold_extend(hold);
    pthread_mutex_unlock(&all->lock);
}

bool hold_renew(struct hold *hold)
{
    struct hold_all *all = hold->all;
    pthread_mutex_lock(&all->lock);
    bool held = all->now_ms() < hold->until_ms;
    if (held)
        hold_extend(hold);
    pthread_mutex_unlock(&all->lock);
    return held;
}

void hold_end(struct hold *hold)
{
    struct hold_all *all = hold->all;
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    void (*released)(void *user) = --all->count == 0 ? all->released : NULL;
    void *user = all->user;
    pthread_mutex_unlock(&all->lock);
    if (released)
        released(user);
    *hold = (struct hold){0};
}

static int64_t left_ms(const struct hold_all *all)
{
    int64_t left = all->count ? all->until_ms - all->now_ms() : 0;
    return left > 0 ? left : 0;
}

int64_t hold_left_ms(struct hold_all *all)
{
    if (!all)
        return 0;
    pthread_mutex_lock(&all->lock);
    int64_t left = left_ms(all);
    pthread_mutex_unlock(&all->lock);
    return left;
}

bool hold_erase_begin(struct hold_all *all)
{
    if (!all)
        return true;
    pthread_mutex_lock(&all->lock);
    all->erasing = left_ms(all) == 0;
    bool may = all->erasing;
    pthread_mutex_unlock(&all->lock);
    return may;
}

void hold_erase_end(struct hold_all *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->erasing = false;
    pthread_cond_broadcast(&all->erased);
    pthread_mutex_unlock(&all->lock);
}
