/*
 * queue.c - a list under a lock, a condition variable for muon_queue_wait, and an eventfd for whoever polls.
 *
 * The eventfd is kept readable exactly while there is something: it is written when the queue stops being empty and
 * read when it is empty again, both under the lock, so it cannot get out of step (level-triggered; hazards 19). Until
 * somebody asks for the descriptor the two system calls are spared.
 */
#include "sdk/src/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/fork.h"
#include "sdk/src/status.h"

enum { WAIT_ITEMS_MAX = 65536, RUN_ITEMS = 64 };

struct muon_queue {
    struct muon_client *client; /* counted */
    struct muon_queue *next;    /* the client's list, under the client's lock */
    atomic_size_t refs;         /* the owner's, and one for each operation bound to it */
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct queue_entry *head, **tail;
    int fd;
    bool readable; /* the fd's state */
    bool polled;   /* somebody has asked for the fd */
    bool woken, closed, freed;
};

/* ---- life ---- */

int32_t muon_queue_new(muon_client *c, muon_queue **out, muon_error *err)
{
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_queue_new: out must not be NULL");
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    client_leave(c);
    muon_queue *q = calloc(1, sizeof *q);
    if (!q)
        return status_fail(err, MUON_ENOMEM, "muon_queue_new: out of memory");
    q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (q->fd < 0) {
        free(q);
        return status_fail(err, MUON_EUNAVAIL, "muon_queue_new: no file descriptor is left");
    }
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->filled, NULL);
    atomic_init(&q->refs, 1);
    q->tail = &q->head;
    q->client = client_ref(c);
    client_add_queue(c, q);
    *out = q;
    return MUON_OK;
}

muon_queue *queue_ref(muon_queue *q)
{
    atomic_fetch_add(&q->refs, 1);
    return q;
}

void queue_unref(muon_queue *q)
{
    if (!q || atomic_fetch_sub(&q->refs, 1) != 1)
        return;
    close(q->fd);
    pthread_mutex_destroy(&q->mutex);
    pthread_cond_destroy(&q->filled);
    client_unref(q->client);
    free(q);
}

void muon_queue_free(muon_queue *q)
{
    if (!q || fork_happened())
        return;
    client_remove_queue(q->client, q);
    pthread_mutex_lock(&q->mutex);
    q->freed = true;
    struct queue_entry *entry = q->head;
    q->head = NULL;
    q->tail = &q->head;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->mutex);
    while (entry) {
        struct queue_entry *next = entry->next;
        entry->drop(entry);
        entry = next;
    }
    queue_unref(q);
}

muon_client *queue_client(const muon_queue *q)
{
    return q->client;
}

muon_queue *queue_next(const muon_queue *q)
{
    return q->next;
}

void queue_set_next(muon_queue *q, muon_queue *next)
{
    q->next = next;
}

bool queue_is_freed(muon_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    bool freed = q->freed;
    pthread_mutex_unlock(&q->mutex);
    return freed;
}

void queue_close(muon_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

/* ---- the descriptor ---- */

/* Under the lock, after every change. */
static void show(muon_queue *q)
{
    bool readable = q->head || q->woken;
    if (!q->polled || readable == q->readable)
        return;
    uint64_t one = 1;
    ssize_t done = readable ? write(q->fd, &one, sizeof one) : read(q->fd, &one, sizeof one);
    if (done == sizeof one)
        q->readable = readable;
}

intptr_t muon_queue_fd(const muon_queue *q)
{
    if (!q || fork_happened())
        return -1;
    muon_queue *mine = (muon_queue *)q; /* asking changes nothing that the caller can see */
    pthread_mutex_lock(&mine->mutex);
    mine->polled = true;
    show(mine);
    pthread_mutex_unlock(&mine->mutex);
    return q->fd;
}

/* ---- in and out ---- */

bool queue_push(muon_queue *q, struct queue_entry *entry, bool *was_queued)
{
    pthread_mutex_lock(&q->mutex);
    bool freed = q->freed, queued = !freed && entry->queued;
    if (!freed && !queued) {
        entry->queued = true;
        entry->next = NULL;
        *q->tail = entry;
        q->tail = &entry->next;
        show(q);
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->mutex);
    if (was_queued)
        *was_queued = queued;
    return !freed;
}

/* Under the lock. */
static struct queue_entry *pop(muon_queue *q)
{
    struct queue_entry *entry = q->head;
    if (!entry)
        return NULL;
    q->head = entry->next;
    if (!q->head)
        q->tail = &q->head;
    entry->queued = false;
    show(q);
    return entry;
}

/* Up to max items without waiting. */
static int32_t drain(muon_queue *q, muon_item *items, int32_t max)
{
    int32_t n = 0;
    while (n < max) {
        pthread_mutex_lock(&q->mutex);
        struct queue_entry *entry = pop(q);
        pthread_mutex_unlock(&q->mutex);
        if (!entry)
            break;
        items[n] = (muon_item){0};
        if (entry->take(entry, &items[n]))
            n++;
    }
    return n;
}

/* Wait for something to drain. 1: there is; 0: woken, or out of time; else an error. *woken: a wake was used up. */
static int32_t await(muon_queue *q, int64_t deadline_ms, bool *woken)
{
    pthread_mutex_lock(&q->mutex);
    bool in_time = true;
    while (in_time && !q->head && !q->woken && !q->closed && !q->freed)
        in_time = deadline_ms > 0 && clock_wait(&q->filled, &q->mutex, deadline_ms);
    int32_t result = q->head ? 1 : !q->woken && (q->closed || q->freed) ? MUON_ECLOSED : 0;
    *woken = q->woken;
    q->woken = false;
    show(q);
    pthread_mutex_unlock(&q->mutex);
    return result;
}

int32_t muon_queue_wait(muon_queue *q, muon_item *items, int32_t max, int32_t timeout_ms)
{
    if (!q || !items || max < 1 || max > WAIT_ITEMS_MAX || timeout_ms < MUON_FOREVER)
        return MUON_EINVAL;
    if (fork_happened())
        return MUON_EFORKED;
    int64_t deadline_ms = timeout_ms ? clock_deadline_ms(timeout_ms) : 0;
    for (;;) {
        bool woken;
        int32_t status = await(q, deadline_ms, &woken);
        if (status <= 0)
            return status;
        int32_t n = drain(q, items, max);
        if (n > 0 || woken)
            return n;
    }
}

void muon_queue_wake(muon_queue *q)
{
    if (!q || fork_happened())
        return;
    pthread_mutex_lock(&q->mutex);
    q->woken = true;
    show(q);
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

int32_t muon_queue_run(muon_queue *q, muon_item_fn fn, void *user, int32_t timeout_ms)
{
    muon_item items[RUN_ITEMS];
    if (!fn)
        return MUON_EINVAL;
    int32_t n = muon_queue_wait(q, items, RUN_ITEMS, timeout_ms);
    for (int32_t i = 0; i < n; i++) {
        fn(user, &items[i]);
        muon_item_clear(&items[i]);
    }
    return n;
}

int32_t muon_cancel(muon_queue *q, uint64_t tag)
{
    if (!q)
        return MUON_EINVAL;
    int32_t status = client_enter(q->client, NULL);
    if (status != MUON_OK)
        return status;
    bool found = client_cancel(q->client, q, tag);
    client_leave(q->client);
    return found ? MUON_OK : MUON_ENOENT;
}
