/*
 * unsynced.c - see unsynced.h.
 */
#include "store/unsynced.h"

#include <assert.h>

void unsynced_init(struct unsynced *u)
{
    *u = (struct unsynced){.len = 0};
    pthread_mutex_init(&u->mutex, NULL);
    pthread_cond_init(&u->none, NULL);
}

void unsynced_fini(struct unsynced *u)
{
    assert(u->len == 0);
    pthread_mutex_destroy(&u->mutex);
    pthread_cond_destroy(&u->none);
}

bool unsynced_enter(struct unsynced *u)
{
    pthread_mutex_lock(&u->mutex);
    bool entered = u->closed == 0;
    u->len += entered;
    pthread_mutex_unlock(&u->mutex);
    return entered;
}

void unsynced_leave(struct unsynced *u)
{
    pthread_mutex_lock(&u->mutex);
    assert(u->len > 0);
    if (--u->len == 0)
        pthread_cond_broadcast(&u->none);
    pthread_mutex_unlock(&u->mutex);
}

void unsynced_close(struct unsynced *u)
{
    pthread_mutex_lock(&u->mutex);
    u->closed++;
    while (u->len > 0)
        pthread_cond_wait(&u->none, &u->mutex);
    pthread_mutex_unlock(&u->mutex);
}

void unsynced_open(struct unsynced *u)
{
    pthread_mutex_lock(&u->mutex);
    assert(u->closed > 0);
    u->closed--;
    pthread_mutex_unlock(&u->mutex);
}
