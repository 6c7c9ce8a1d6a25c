/*
 * cq.c - pollers, and what they wait for: completions, posts, timers.
 *
 * A completion's tag is a cq_op. A post is an empty batch on a call that never goes anywhere: gRPC completes it at once, and that
 * wakes a poller. Timers are a heap; every poller sleeps no longer than until the first of them, and one that becomes the
 * first wakes a poller by a post, so that it looks again.
 */
#include "wire/cq.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

enum { POLLERS_MAX = 64, TIMERS_MAX = 1 << 20 };

struct cq {
    grpc_completion_queue *queue;
    grpc_channel *lame;
    grpc_call *poster; /* empty batches on it are posts */
    pthread_mutex_t post_lock;
    atomic_size_t pending; /* begun, and its done has not returned */
    atomic_bool closing;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t drained;
    struct cq_timer **heap; /* from 1 */
    size_t heap_len, heap_room;
    _Atomic int64_t first_due_ms; /* of the heap; INT64_MAX: empty */
    struct cq_op look_again;
    unsigned pollers;
    pthread_t threads[POLLERS_MAX];
};

int64_t cq_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t cq_mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- counting ---- */

grpc_completion_queue *cq_queue(struct cq *cq)
{
    return cq->queue;
}

void cq_begin(struct cq *cq)
{
    atomic_fetch_add_explicit(&cq->pending, 1, memory_order_acq_rel);
}

void cq_abandon(struct cq *cq)
{
    if (atomic_fetch_sub(&cq->pending, 1) != 1 || !atomic_load(&cq->closing))
        return;
    pthread_mutex_lock(&cq->lock);
    pthread_cond_signal(&cq->drained);
    pthread_mutex_unlock(&cq->lock);
}

/* Run what is done. Taking the count in between pairs with cq_begin. */
static void run(struct cq *cq, struct cq_op *op, bool ok)
{
    size_t before = atomic_fetch_add_explicit(&cq->pending, 0, memory_order_acq_rel);
    assert(before > 0);
    (void)before;
    op->done(op, ok);
    cq_abandon(cq);
}

void cq_post(struct cq *cq, struct cq_op *op)
{
    cq_begin(cq);
    pthread_mutex_lock(&cq->post_lock);
    grpc_call_error error = grpc_call_start_batch(cq->poster, NULL, 0, op, NULL);
    pthread_mutex_unlock(&cq->post_lock);
    assert(error == GRPC_CALL_OK); /* an empty batch is never refused */
    (void)error;
}

/* ---- timers ---- */

static void heap_put(struct cq *cq, size_t place, struct cq_timer *timer)
{
    cq->heap[place] = timer;
    timer->place = place;
}

static void heap_up(struct cq *cq, size_t place, struct cq_timer *timer)
{
    for (; place > 1 && cq->heap[place / 2]->due_ms > timer->due_ms; place /= 2)
        heap_put(cq, place, cq->heap[place / 2]);
    heap_put(cq, place, timer);
}

static void heap_down(struct cq *cq, size_t place, struct cq_timer *timer)
{
    for (size_t child; (child = 2 * place) <= cq->heap_len; place = child) {
        if (child < cq->heap_len && cq->heap[child + 1]->due_ms < cq->heap[child]->due_ms)
            child++;
        if (cq->heap[child]->due_ms >= timer->due_ms)
            break;
        heap_put(cq, place, cq->heap[child]);
    }
    heap_put(cq, place, timer);
}

static void heap_publish(struct cq *cq)
{
    atomic_store(&cq->first_due_ms, cq->heap_len ? cq->heap[1]->due_ms : INT64_MAX);
}

static void heap_remove(struct cq *cq, struct cq_timer *timer)
{
    size_t place = timer->place;
    struct cq_timer *last = cq->heap[cq->heap_len--];
    timer->place = 0;
    if (last != timer) {
        if (place > 1 && cq->heap[place / 2]->due_ms > last->due_ms)
            heap_up(cq, place, last);
        else
            heap_down(cq, place, last);
    }
    heap_publish(cq);
}

static bool heap_add(struct cq *cq, struct cq_timer *timer)
{
    if (cq->heap_len + 1 >= cq->heap_room) {
        size_t room = cq->heap_room ? 2 * cq->heap_room : 64;
        struct cq_timer **heap =
            room > TIMERS_MAX ? NULL : realloc(cq->heap, room * sizeof(struct cq_timer *));
        if (!heap)
            return false;
        cq->heap = heap;
        cq->heap_room = room;
    }
    heap_up(cq, ++cq->heap_len, timer);
    heap_publish(cq);
    return true;
}

static void stopped_done(struct cq_op *op, bool ok)
{
    struct cq_timer *timer = (struct cq_timer *)((char *)op - offsetof(struct cq_timer, stopped));
    (void)ok;
    timer->op.done(&timer->op, false);
}

static void look_again_done(struct cq_op *op, bool ok)
{
    (void)op; /* the poller that took it looks at the timers by itself */
    (void)ok;
}

void cq_timer_set(struct cq *cq, struct cq_timer *timer, int64_t delay_ms)
{
    cq_begin(cq);
    timer->cq = cq;
    timer->stopped.done = stopped_done;
    timer->due_ms = cq_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
    pthread_mutex_lock(&cq->lock);
    assert(timer->place == 0);
    bool added = heap_add(cq, timer), first = added && timer->place == 1;
    pthread_mutex_unlock(&cq->lock);
    if (first)
        cq_post(cq, &cq->look_again);
    if (!added) { /* no memory: rather now than never */
        cq_post(cq, &timer->op);
        cq_abandon(cq);
    }
}

void cq_timer_stop(struct cq_timer *timer)
{
    struct cq *cq = timer->cq;
    if (!cq)
        return;
    pthread_mutex_lock(&cq->lock);
    bool set = timer->place != 0;
    if (set)
        heap_remove(cq, timer);
    pthread_mutex_unlock(&cq->lock);
    if (set) {
        cq_post(cq, &timer->stopped);
        cq_abandon(cq);
    }
}

/* Fire what is due. */
static void timers_run(struct cq *cq)
{
    while (atomic_load_explicit(&cq->first_due_ms, memory_order_acquire) <= cq_mono_ms()) {
        struct cq_timer *due = NULL;
        pthread_mutex_lock(&cq->lock);
        if (cq->heap_len && cq->heap[1]->due_ms <= cq_mono_ms()) {
            due = cq->heap[1];
            heap_remove(cq, due);
        }
        pthread_mutex_unlock(&cq->lock);
        if (!due)
            return;
        run(cq, &due->op, true);
    }
}

/* ---- pollers ---- */

static void *poll_queue(void *arg)
{
    struct cq *cq = arg;
    const gpr_timespec forever = gpr_inf_future(GPR_CLOCK_MONOTONIC);
    for (;;) {
        gpr_timespec deadline = forever;
        int64_t due_ms = atomic_load_explicit(&cq->first_due_ms, memory_order_acquire);
        if (due_ms != INT64_MAX) {
            timers_run(cq);
            due_ms = atomic_load_explicit(&cq->first_due_ms, memory_order_acquire);
        }
        if (due_ms != INT64_MAX)
            deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_millis(due_ms - cq_mono_ms() + 1, GPR_TIMESPAN));
        grpc_event event = grpc_completion_queue_next(cq->queue, deadline, NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.type == GRPC_OP_COMPLETE)
            run(cq, event.tag, event.success);
    }
}

/* What gRPC takes from the environment alone, unless somebody has set it: no chatter on stderr (later releases have no function for
 * that), and names resolved as the system does; c-ares 1.18 leaks a name each time. */
static void settle(void)
{
    setenv("GRPC_VERBOSITY", "NONE", 0);
    setenv("GRPC_DNS_RESOLVER", "native", 0);
}

static bool pollers_start(struct cq *cq, unsigned pollers)
{
    for (; cq->pollers < pollers; cq->pollers++)
        if (pthread_create(&cq->threads[cq->pollers], NULL, poll_queue, cq) != 0)
            return false;
    return true;
}

static void stop(struct cq *cq)
{
    grpc_call_unref(cq->poster);
    grpc_channel_destroy(cq->lame);
    grpc_completion_queue_shutdown(cq->queue);
    for (unsigned i = 0; i < cq->pollers; i++)
        pthread_join(cq->threads[i], NULL);
    if (cq->pollers == 0)
        while (
            grpc_completion_queue_next(cq->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
            GRPC_QUEUE_SHUTDOWN)
            ;
    grpc_completion_queue_destroy(cq->queue);
    grpc_shutdown();
    pthread_mutex_destroy(&cq->post_lock);
    pthread_mutex_destroy(&cq->lock);
    pthread_cond_destroy(&cq->drained);
    free(cq->heap);
    free(cq);
}

struct cq *cq_open(unsigned pollers)
{
    assert(pollers >= 1 && pollers <= POLLERS_MAX);
    struct cq *cq = calloc(1, sizeof *cq);
    if (!cq)
        return NULL;
    pthread_mutex_init(&cq->post_lock, NULL);
    pthread_mutex_init(&cq->lock, NULL);
    pthread_cond_init(&cq->drained, NULL);
    atomic_init(&cq->first_due_ms, INT64_MAX);
    cq->look_again.done = look_again_done;
    sigset_t all,
        before; /* gRPC starts threads of its own, which must not get our signals either */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, settle);
    grpc_init();
    cq->queue = grpc_completion_queue_create_for_next(NULL);
    cq->lame = grpc_lame_client_channel_create("post", GRPC_STATUS_UNAVAILABLE, "posts go nowhere");
    cq->poster =
        grpc_channel_create_call(cq->lame, NULL, 0, cq->queue, grpc_slice_from_static_string("/"),
                                 NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    bool started = pollers_start(cq, pollers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) {
        stop(cq);
        return NULL;
    }
    return cq;
}

void cq_close(struct cq *cq)
{
    if (!cq)
        return;
    atomic_store(&cq->closing, true);
    pthread_mutex_lock(&cq->lock);
    while (atomic_load(&cq->pending) > 0)
        pthread_cond_wait(&cq->drained, &cq->lock);
    pthread_mutex_unlock(&cq->lock);
    stop(cq);
}
