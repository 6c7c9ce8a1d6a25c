/*
 * gate.c - see gate.h. The count per thread is of all gates together: a thread inside one passes every other, too.
 */
#include "store/gate.h"

#include <assert.h>

static _Thread_local size_t entered;

void gate_init(struct gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->changed, NULL);
    gate->inside = 0;
    gate->closed = false;
}

void gate_fini(struct gate *gate)
{
    assert(gate->inside == 0);
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->mutex);
}

void gate_enter(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    while (gate->closed && entered == 0)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    gate->inside++;
    entered++;
    pthread_mutex_unlock(&gate->mutex);
}

void gate_leave(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    assert(entered > 0 && gate->inside > 0);
    entered--;
    if (--gate->inside == 0)
        pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

void gate_close(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    assert(entered == 0 && !gate->closed);
    gate->closed = true;
    while (gate->inside > 0)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    gate->inside++;
    entered++;
    pthread_mutex_unlock(&gate->mutex);
}

void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->closed = false;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
    gate_leave(gate);
}
