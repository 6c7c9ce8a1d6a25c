/*
 * readers.c - the threads that read the disk.
 *
 * One queue, one lock, one condition. A thread leaves only when the queue is empty and closing has begun; a job that queues
 * itself while the others leave is run by the thread that ran it.
 */
#include "store/readers.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "store/thread.h"

struct readers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct readers_job *first, **end;
    bool closing;
    unsigned threads_len;
    pthread_t threads[READERS_THREADS_MAX];
};

/* The next job, or NULL: closing, and nothing is left. */
static struct readers_job *take(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    while (!readers->first && !readers->closing)
        pthread_cond_wait(&readers->work, &readers->lock);
    struct readers_job *job = readers->first;
    if (job) {
        readers->first = job->next;
        if (!readers->first)
            readers->end = &readers->first;
    }
    pthread_mutex_unlock(&readers->lock);
    return job;
}

static void *work(void *arg)
{
    struct readers_job *job;
    while ((job = take(arg)))
        job->run(job);
    return NULL;
}

static bool start(struct readers *readers, unsigned threads)
{
    while (readers->threads_len < threads &&
           thread_start(&readers->threads[readers->threads_len], work, readers))
        readers->threads_len++;
    return readers->threads_len == threads;
}

struct readers *readers_open(unsigned threads)
{
    assert(threads >= 1 && threads <= READERS_THREADS_MAX);
    struct readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return NULL;
    pthread_mutex_init(&readers->lock, NULL);
    pthread_cond_init(&readers->work, NULL);
    readers->end = &readers->first;
    if (start(readers, threads))
        return readers;
    readers_close(readers);
    return NULL;
}

void readers_submit(struct readers *readers, struct readers_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&readers->lock);
    *readers->end = job;
    readers->end = &job->next;
    pthread_mutex_unlock(&readers->lock);
    pthread_cond_signal(&readers->work); /* who wakes finds the lock free */
}

void readers_close(struct readers *readers)
{
    if (!readers)
        return;
    pthread_mutex_lock(&readers->lock);
    readers->closing = true;
    pthread_cond_broadcast(&readers->work);
    pthread_mutex_unlock(&readers->lock);
    for (unsigned i = 0; i < readers->threads_len; i++)
        pthread_join(readers->threads[i], NULL);
    assert(!readers->first);
    pthread_cond_destroy(&readers->work);
    pthread_mutex_destroy(&readers->lock);
    free(readers);
}
