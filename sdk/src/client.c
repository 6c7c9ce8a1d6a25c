/*
 * client.c - opening, the one timer, and the end.
 *
 * The end is the delicate part: muon_close must return in time whatever is going on, and muon_free must not block at all. So the
 * waiting for gRPC is left to a thread made for it: cq_close returns once every call has ended, which cancelled calls do
 * soon, but nobody else depends on how soon.
 */
#include "sdk/src/client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/clock.h"
#include "sdk/src/credentials.h"
#include "sdk/src/fork.h"
#include "sdk/src/queue.h"
#include "sdk/src/status.h"
#include "wire/memory.h"

enum {
    STOP_MS = 2000, /* how long muon_close waits for the threads, beyond its own time */
    LEAVE_MS = 2000 /* and, within it, until the last answers have arrived: a server may hang */
};

static void timer_done(struct cq_op *op, bool ok);
static void stop_all(struct cq_op *op, bool ok);

/* ---- life ---- */

muon_client *client_ref(muon_client *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void client_unref(muon_client *c)
{
    if (atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    log_fini(&c->log);
    config_fini(&c->config);
    inflight_fini(&c->inflight);
    request_fini(&c->requests);
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->changed);
    free(c);
}

/* URL, configuration, files: what can be told to be wrong before anything is started. */
static int32_t check(const char *url, const muon_config *cfg, muon_client *c, muon_error *err)
{
    struct credentials credentials = {0};
    int32_t status = url_parse(url, &c->url, err);
    if (status == MUON_OK)
        status = config_resolve(cfg, &c->config, err);
    if (status == MUON_OK && c->url.tls)
        status = credentials_load(&c->config, &credentials, err);
    if (status == MUON_OK && c->url.tls)
        status = credentials_check(&c->config, &credentials, err);
    credentials_fini(&credentials);
    return status;
}

static void init(muon_client *c)
{
    atomic_init(&c->refs, 2); /* the caller's, and the machinery's */
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    inflight_init(&c->inflight, (uint64_t)c->config.number[CONFIG_EMIT_MAX_INFLIGHT],
                  (uint64_t)c->config.number[CONFIG_EMIT_MAX_INFLIGHT_BYTES]);
    connection_init(&c->connection);
    emit_stream_init(&c->emits);
    session_init(&c->asks, c, &request_role);
    session_init(&c->serves, c, &serving_role);
    request_init(&c->requests);
    c->timer.op.done = timer_done;
    c->stop.done = stop_all;
}

int32_t muon_open(const char *url, const muon_config *cfg, muon_client **out, muon_error *err)
{
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_open: out must not be NULL");
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    muon_client *c = calloc(1, sizeof *c);
    if (!c)
        return status_fail(err, MUON_ENOMEM, "muon_open: out of memory");
    int32_t status = check(url, cfg, c, err);
    if (status != MUON_OK) {
        config_fini(&c->config);
        free(c);
        return status;
    }
    fork_watch();
    memory_keep();
    init(c);
    c->cq = cq_open(1);
    if (!c->cq) {
        atomic_store(&c->refs, 1);
        client_unref(c);
        return status_fail(err, MUON_ENOMEM, "muon_open: no thread can be started");
    }
    *out = c;
    return MUON_OK;
}

/* ---- entering ---- */

int32_t client_enter(muon_client *c, muon_error *err)
{
    if (!c)
        return status_fail(err, MUON_EINVAL, "the client must not be NULL");
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    pthread_mutex_lock(&c->mutex);
    if (c->phase == CLIENT_OPEN)
        return MUON_OK;
    pthread_mutex_unlock(&c->mutex);
    return status_fail(err, MUON_ECLOSED, "the client is closed");
}

void client_leave(muon_client *c)
{
    pthread_mutex_unlock(&c->mutex);
}

bool client_deadline(const muon_client *c, int32_t timeout_ms, int64_t *deadline_ms,
                     muon_error *err)
{
    if (timeout_ms < MUON_FOREVER) {
        status_fail(err, MUON_EINVAL, "timeout_ms is %d: must be MUON_FOREVER, 0 or more",
                    timeout_ms);
        return false;
    }
    *deadline_ms = clock_deadline_ms(
        timeout_ms ? timeout_ms : (int32_t)c->config.number[CONFIG_TIMEOUT_DEFAULT]);
    return true;
}

/* ---- time ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void client_wake_at(muon_client *c, int64_t at_ms)
{
    if (at_ms == CLOCK_NEVER || c->phase >= CLIENT_STOPPING)
        return;
    if (!c->timer_set) {
        c->timer_set = true;
        c->timer_at_ms = at_ms;
        cq_timer_set(c->cq, &c->timer, at_ms - clock_now_ms());
    } else if (at_ms < c->timer_at_ms) {
        c->timer_at_ms = at_ms;
        cq_timer_stop(&c->timer); /* it is done at once, looks at everything, and is set anew */
    }
}

static void timer_done(struct cq_op *op, bool ok)
{
    (void)ok;
    muon_client *c = (muon_client *)((char *)op - offsetof(struct muon_client, timer.op));
    pthread_mutex_lock(&c->mutex);
    c->timer_set = false;
    if (c->phase < CLIENT_STOPPING) {
        int64_t now_ms = clock_now_ms();
        int64_t next_ms = connection_tick(c, now_ms);
        next_ms = least(next_ms, emit_stream_tick(c, now_ms));
        next_ms = least(next_ms, unary_tick(c, now_ms));
        next_ms = least(next_ms, subscribe_tick(c, now_ms));
        next_ms = least(next_ms, discovery_tick(c, now_ms));
        next_ms = least(next_ms, session_tick(&c->asks, now_ms));
        next_ms = least(next_ms, session_tick(&c->serves, now_ms));
        next_ms = least(next_ms, request_tick(c, now_ms));
        client_wake_at(c, next_ms);
    }
    pthread_mutex_unlock(&c->mutex);
}

/* ---- the parts together ---- */

bool client_is_busy(const muon_client *c)
{
    return c->emits.waiting > 0 || c->unaries.len > 0 || c->subs.len > 0 || c->requests.len > 0 ||
           c->servers.head || c->discoveries.len > 0;
}

void client_connected(muon_client *c)
{
    emit_stream_connected(c);
    unary_connected(c);
    subscribe_connected(c);
    discovery_connected(c);
    session_connected(&c->asks);
    session_connected(&c->serves);
}

static bool cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool emits = emit_stream_cancel(c, q, tag);
    bool calls = unary_cancel(c, q, tag);
    bool subs = subscribe_cancel(c, q, tag);
    bool requests = request_cancel(c, q, tag);
    bool servers = serving_cancel(c, q, tag);
    bool watchers = watch_cancel(c, q, tag);
    bool discoveries = discovery_cancel(c, q, tag);
    return emits || calls || subs || requests || servers || watchers || discoveries;
}

bool client_cancel(muon_client *c, const muon_queue *q, uint64_t tag)
{
    return cancel(c, q, &tag);
}

void client_add_queue(muon_client *c, muon_queue *q)
{
    pthread_mutex_lock(&c->mutex);
    queue_set_next(q, c->queues);
    c->queues = q;
    if (c->phase >= CLIENT_STOPPING)
        queue_close(q);
    pthread_mutex_unlock(&c->mutex);
}

void client_remove_queue(muon_client *c, muon_queue *q)
{
    pthread_mutex_lock(&c->mutex);
    muon_queue *before = NULL, *at = c->queues;
    while (at != q) {
        before = at;
        at = queue_next(at);
    }
    if (before)
        queue_set_next(before, queue_next(q));
    else
        c->queues = queue_next(q);
    cancel(c, q, NULL);
    pthread_mutex_unlock(&c->mutex);
}

/* ---- ping, flush ---- */

int32_t muon_flush(muon_client *c, int32_t timeout_ms, muon_error *err)
{
    int64_t deadline_ms;
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    if (!client_deadline(c, timeout_ms, &deadline_ms, err)) {
        client_leave(c);
        return MUON_EINVAL;
    }
    uint64_t last = c->emits.last_number;
    bool in_time = true;
    while (in_time && c->phase < CLIENT_STOPPING && emit_stream_oldest(&c->emits) <= last)
        in_time = clock_wait(&c->changed, &c->mutex, deadline_ms);
    bool flushed = emit_stream_oldest(&c->emits) > last;
    if (!flushed)
        status = status_fail(err, MUON_ETIMEDOUT, "emits still wait: %s",
                             connection_why(c, "the store has not answered yet"));
    client_leave(c);
    return status;
}

/* ---- the end ---- */

/* On the I/O thread. */
static void stop_all(struct cq_op *op, bool ok)
{
    (void)ok;
    muon_client *c = (muon_client *)((char *)op - offsetof(struct muon_client, stop));
    pthread_mutex_lock(&c->mutex);
    if (c->timer_set)
        cq_timer_stop(&c->timer);
    emit_stream_stop(c);
    cancel(c, NULL, NULL);
    pipe_cancel(c);
    session_stop(&c->asks);
    session_stop(&c->serves);
    connection_stop(c);
    for (muon_queue *q = c->queues; q; q = queue_next(q))
        queue_close(q);
    pthread_mutex_unlock(&c->mutex);
}

static void *reap(void *arg)
{
    muon_client *c = arg;
    cq_close(c->cq);
    pthread_mutex_lock(&c->mutex);
    c->phase = CLIENT_STOPPED;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    client_unref(c);
    return NULL;
}

/* A detached thread that receives no signals. */
static bool spawn(void *(*run)(void *), void *arg)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool spawned = pthread_create(&thread, NULL, run, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (spawned)
        pthread_detach(thread);
    return spawned;
}

/* Under the lock: cancel everything, and let the threads end. When there is no thread to wait for them, they stay, idle. */
static void stop(muon_client *c)
{
    if (c->phase >= CLIENT_STOPPING)
        return;
    c->phase = CLIENT_STOPPING;
    inflight_close(&c->inflight);
    pthread_cond_broadcast(&c->changed);
    cq_post(c->cq, &c->stop);
    spawn(reap, c);
}

/* Is nothing left of what muon_close waits for? */
static bool is_flushed(const muon_client *c)
{
    return c->emits.waiting == 0 && serving_is_done(c);
}

/* Let the last answers arrive: a call that is cancelled may take with it what the server has not read yet. */
static void take_leave(muon_client *c, int64_t deadline_ms)
{
    bool in_time = c->phase == CLIENT_CLOSING && c->serves.call;
    if (in_time)
        session_end(&c->serves);
    deadline_ms = least(deadline_ms, clock_now_ms() + LEAVE_MS);
    while (in_time && c->phase == CLIENT_CLOSING && c->serves.call)
        in_time = clock_wait(&c->changed, &c->mutex, deadline_ms);
}

int32_t muon_close(muon_client *c, int32_t timeout_ms, muon_error *err)
{
    if (!c || timeout_ms < MUON_FOREVER)
        return status_fail(err, MUON_EINVAL, "muon_close: %s",
                           c ? "timeout_ms is below MUON_FOREVER" : "no client");
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    int64_t deadline_ms = clock_deadline_ms(timeout_ms);
    pthread_mutex_lock(&c->mutex);
    if (c->phase == CLIENT_OPEN) {
        c->phase = CLIENT_CLOSING;
        serving_drain(c, clock_left_ms(deadline_ms));
    }
    bool in_time = true;
    while (in_time && c->phase == CLIENT_CLOSING && !is_flushed(c))
        in_time = clock_wait(&c->changed, &c->mutex, deadline_ms);
    bool flushed = is_flushed(c);
    take_leave(c, deadline_ms);
    stop(c);
    int64_t patience_ms = clock_now_ms() + STOP_MS;
    in_time = true;
    while (in_time && c->phase != CLIENT_STOPPED)
        in_time = clock_wait(&c->changed, &c->mutex, patience_ms);
    pthread_mutex_unlock(&c->mutex);
    if (flushed)
        return MUON_OK;
    return status_fail(err, MUON_ETIMEDOUT,
                       "muon_close: emits, or requests being served, did not make it in time and "
                       "were cancelled");
}

void muon_free(muon_client *c)
{
    if (!c || fork_happened())
        return;
    pthread_mutex_lock(&c->mutex);
    stop(c);
    pthread_mutex_unlock(&c->mutex);
    client_unref(c);
}
