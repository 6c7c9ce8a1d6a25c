/*
 * subscribe.c - one subscription: asked for, received, resumed, over.
 *
 * The place (position) is what the received messages reach: the last event, checkpoint or caught-up marker. A call that is
 * lost is begun again right after it, as hot-cold unless it is cold; a hot one that has not been told the head yet begins as
 * hot again (semantics 12). With the place goes the store's identity, so that another store cannot answer in silence.
 * On top of that, held_take never lets an order id through that is not greater than the last one.
 *
 * A subscription is in the client's list until it is over: ended, failed, or closed. Its call may outlive that by a moment.
 */
#include "sdk/src/subscribe.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/fork.h"
#include "sdk/src/held.h"
#include "sdk/src/item.h"
#include "sdk/src/log.h"
#include "sdk/src/status.h"
#include "sdk/src/sub_request.h"

struct muon_sub {
    atomic_size_t
        refs; /* the application's, the client's list, the call's, and the entry's while it is queued */
    muon_client *client; /* counted */
    struct muon_sub *next;
    struct sub_request request; /* what is still to be asked for */
    uint32_t prefetch, batch_max;
    struct queue_entry entry;
    muon_queue *queue; /* counted; NULL: muon_sub_next */
    uint64_t tag;

    struct client_call *call;
    struct link *link;
    bool reading;
    struct backoff backoff;
    int64_t retry_at_ms;
    char failure[128]; /* why the last call was lost; "" since the last message */

    struct held *head, **tail;
    size_t held_events;
    pthread_cond_t ready;       /* for muon_sub_next */
    pthread_mutex_t take_mutex; /* one taker at a time; before the client's lock */
    int64_t last;               /* order id (of a service: version) taken; under take_mutex */

    bool over, told, freed;
    int32_t end_status;
    muon_error end_error;
};

static const struct client_handler handler;

/* ---- life ---- */

static void unref(muon_sub *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    while (s->head) {
        struct held *next = s->head->next;
        held_free(s->head);
        s->head = next;
    }
    sub_request_fini(&s->request);
    pthread_cond_destroy(&s->ready);
    pthread_mutex_destroy(&s->take_mutex);
    queue_unref(s->queue);
    client_unref(s->client);
    free(s);
}

/* Under the lock: there is something for the queue to take, or the end. */
static void notify_queue(muon_sub *s)
{
    if (!s->queue || s->freed)
        return;
    bool was_queued = false;
    atomic_fetch_add(&s->refs, 1);
    if (!queue_push(s->queue, &s->entry, &was_queued) || was_queued)
        unref(s);
}

/* The same for whoever waits, too. */
static void notify(muon_sub *s)
{
    pthread_cond_broadcast(&s->ready);
    notify_queue(s);
}

/* Under the lock: it is over. What is held can still be taken, unless drop. */
static void end(muon_sub *s, int32_t status, const muon_error *error, bool drop)
{
    if (s->over)
        return;
    s->over = true;
    s->end_status = status;
    if (error)
        s->end_error = *error;
    if (drop) {
        while (s->head && s->head->next) { /* a taker may be reading the first */
            struct held *second = s->head->next;
            s->head->next = second->next;
            held_free(second);
        }
        s->tail = s->head ? &s->head->next : &s->head;
    }
    muon_sub **at = &s->client->subs.head;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->client->subs.len--;
    if (s->call)
        client_call_cancel(s->call);
    notify(s);
    unref(s); /* the list's; whoever called holds another */
}

/* ---- the call ---- */

/* Ask for the next message if there is room for it. */
static void read_on(muon_sub *s)
{
    if (!s->call || s->reading || s->over || s->held_events >= s->prefetch)
        return;
    s->reading = true;
    client_call_read(s->call);
}

static void begin(muon_client *c, muon_sub *s, int64_t now_ms)
{
    if (s->call || s->over || now_ms < s->retry_at_ms || c->connection.state != MUON_STATE_READY)
        return;
    struct bytes *message = sub_request_encode(&s->request, &c->connection.info);
    if (message)
        s->call = connection_call(c, sub_request_call(&s->request), -1, &handler, s, &s->link);
    if (s->call) {
        atomic_fetch_add(&s->refs, 1);
        c->metrics.resumes += s->request.placed;
        s->reading = s->held_events < s->prefetch;
        if (s->reading)
            client_call_ask(s->call, message);
        else
            client_call_send(s->call, &message, 1, true);
    } else { /* out of memory: later */
        s->retry_at_ms = now_ms + 100;
        client_wake_at(c, s->retry_at_ms);
    }
    bytes_unref(message);
}

/* Under the lock, with a message looked over. */
static void receive(muon_sub *s, struct held *held)
{
    muon_client *c = s->client;
    s->backoff = (struct backoff){0};
    s->failure[0] = 0;
    c->metrics.received_events += held->events;
    c->metrics.received_bytes += held->message->len;
    if (s->request.live)
        held->flags &= ~(uint32_t)MUON_BATCH_LIVE; /* said once */
    sub_request_advance(&s->request, held);
    if (held->events == 0 && held->flags == 0) { /* progress is all it tells */
        held_free(held);
        return;
    }
    *s->tail = held;
    s->tail = &held->next;
    s->held_events += held->events;
    notify_queue(s);
}

static void message(struct client_call *call, struct bytes *message)
{
    muon_sub *s = client_call_user(call);
    muon_client *c = s->client;
    bool malformed = false;
    if (!message)
        return;
    struct held *held = sub_request_hold(&s->request, message, &malformed);
    pthread_mutex_lock(&c->mutex);
    s->reading = false;
    if (s->over) {
        held_free(held);
    } else if (held) {
        receive(s, held);
        read_on(s);
    } else if (malformed) {
        muon_error error;
        end(s, status_fail(&error, MUON_EPROTO, "the store sent a message that cannot be read"),
            &error, false);
    } else {
        client_call_cancel(call); /* no memory: asked for again, later */
    }
    pthread_mutex_unlock(&c->mutex);
    pthread_cond_broadcast(&s->ready); /* who wakes finds the lock free; the call keeps s */
}

/* The call of a subscription that is not over has ended. */
static void lost(muon_client *c, muon_sub *s, const struct error *status)
{
    muon_error error;
    int32_t code = sub_request_end(&s->request, status, &error);
    if (code != MUON_OK) {
        end(s, code, code < 0 ? &error : NULL, false);
    } else {
        snprintf(s->failure, sizeof s->failure, "%.127s",
                 status->reason == REASON_NONE ? "the store ended the call" : status->message);
        log_add(c, MUON_LOG_INFO, "subscription to %.*s interrupted: %s",
                (int)s->request.ask.stream_name.len, (const char *)s->request.ask.stream_name.data,
                s->failure);
        s->retry_at_ms = clock_now_ms() + status->retry_after_ms +
                         backoff_next_ms(&s->backoff, c->config.number[CONFIG_RECONNECT_MAX_MS],
                                         backoff_random());
        client_wake_at(c, s->retry_at_ms);
        connection_suspect(c, s->link);
    }
}

static void finished(struct client_call *call, const struct error *status)
{
    muon_sub *s = client_call_user(call);
    muon_client *c = s->client;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    s->call = NULL;
    if (!s->over)
        lost(c, s, status);
    connection_release(c, s->link);
    pthread_mutex_unlock(&c->mutex);
    unref(s); /* the call's */
}

static const struct client_handler handler = {
    .message = message, .sent = connection_sent, .finished = finished};

/* ---- for the client ---- */

void subscribe_connected(muon_client *c)
{
    int64_t now_ms = clock_now_ms();
    for (muon_sub *s = c->subs.head; s; s = s->next)
        begin(c, s, now_ms);
}

int64_t subscribe_tick(muon_client *c, int64_t now_ms)
{
    int64_t next_ms = CLOCK_NEVER;
    for (muon_sub *s = c->subs.head; s; s = s->next) {
        begin(c, s, now_ms);
        if (!s->call && s->retry_at_ms > now_ms && s->retry_at_ms < next_ms)
            next_ms = s->retry_at_ms;
    }
    return next_ms;
}

bool subscribe_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    muon_sub *next;
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "the subscription was closed");
    for (muon_sub *s = c->subs.head; s; s = next) {
        next = s->next;
        if ((q && s->queue != q) || (tag && s->tag != *tag))
            continue;
        found = true;
        end(s, MUON_ECANCELLED, &error, true);
    }
    return found;
}

/* ---- taking ---- */

/* A batch of what is held. *out NULL with MUON_OK: nothing is held. Not under the lock, but under take_mutex. */
static int32_t take_batch(muon_sub *s, muon_batch **out, muon_error *err)
{
    muon_client *c = s->client;
    bool malformed = false;
    size_t taken = 0;
    *out = NULL;
    pthread_mutex_lock(&c->mutex);
    struct held *held = s->freed || (s->over && s->end_status == MUON_ECANCELLED) ? NULL : s->head;
    pthread_mutex_unlock(&c->mutex);
    if (!held)
        return MUON_OK;
    muon_batch *batch = sub_request_take(&s->request, held, s->batch_max ? s->batch_max : SIZE_MAX,
                                         &s->last, &taken, &malformed);
    if (!batch && !malformed)
        return status_fail(err, MUON_ENOMEM,
                           "out of memory for a batch: nothing is lost, try again");
    pthread_mutex_lock(&c->mutex);
    s->held_events -= batch ? taken : held->events;
    if (held->events == 0 || !batch) {
        s->head = held->next;
        if (!s->head)
            s->tail = &s->head;
        held_free(held);
    }
    muon_error error;
    if (!batch)
        end(s, status_fail(&error, MUON_EPROTO, "the store sent an event that cannot be read"),
            &error, true);
    read_on(s);
    pthread_mutex_unlock(&c->mutex);
    *out = batch;
    return MUON_OK;
}

/* Under the lock: is there something that take would give? */
static bool has_more(const muon_sub *s)
{
    bool dropped = s->over && s->end_status == MUON_ECANCELLED;
    return !s->freed && ((s->head && !dropped) || (s->over && !s->told));
}

static bool take(struct queue_entry *entry, muon_item *item)
{
    muon_sub *s = (muon_sub *)((char *)entry - offsetof(struct muon_sub, entry));
    muon_batch *batch;
    muon_error error;
    pthread_mutex_lock(&s->take_mutex);
    int32_t status = take_batch(s, &batch, &error);
    pthread_mutex_lock(&s->client->mutex);
    if (status != MUON_OK)
        end(s, status, &error, true);
    item->tag = s->tag;
    item->kind = MUON_ITEM_BATCH;
    item->object = batch;
    bool last = !batch && s->over && !s->told && !s->freed;
    if (last) {
        s->told = true;
        item->status = s->end_status;
        item->error = s->end_status < 0 ? item_error(&s->end_error) : NULL;
    }
    if (has_more(s))
        notify(s);
    pthread_mutex_unlock(&s->client->mutex);
    pthread_mutex_unlock(&s->take_mutex);
    unref(s); /* the entry's */
    return batch || last;
}

static void drop(struct queue_entry *entry)
{
    unref((muon_sub *)((char *)entry - offsetof(struct muon_sub, entry)));
}

/* Wait until there is something. MUON_OK: held or over. */
static int32_t await(muon_sub *s, int64_t deadline_ms, int32_t timeout_ms, muon_error *err)
{
    muon_client *c = s->client;
    pthread_mutex_lock(&c->mutex);
    bool in_time = true;
    while (in_time && !s->head && !s->over)
        in_time = timeout_ms != 0 && clock_wait(&s->ready, &c->mutex, deadline_ms);
    bool there = s->head || s->over;
    int32_t status = MUON_OK;
    if (!there && timeout_ms == 0)
        status = status_fail(err, MUON_EAGAIN, "no events are there yet");
    else if (!there)
        status = status_fail(err, MUON_ETIMEDOUT, "no events within %d ms: %s", timeout_ms,
                             connection_why(c, s->failure[0] ? s->failure : "there were none"));
    pthread_mutex_unlock(&c->mutex);
    return status;
}

/* How it ended; MUON_OK: not yet, or there is something held. */
static int32_t end_of(muon_sub *s, muon_error *err)
{
    pthread_mutex_lock(&s->client->mutex);
    bool dropped = s->end_status == MUON_ECANCELLED;
    bool over = s->over && (!s->head || dropped);
    int32_t status = s->end_status;
    muon_error error = s->end_error;
    pthread_mutex_unlock(&s->client->mutex);
    if (!over)
        return MUON_OK;
    if (dropped)
        return status_fail(err, MUON_ECLOSED, "the subscription or its client is closed");
    return status < 0 ? status_copy(err, &error) : status;
}

int32_t muon_sub_next(muon_sub *s, muon_batch **out, int32_t timeout_ms, muon_error *err)
{
    if (!s || !out || timeout_ms < MUON_FOREVER || s->queue)
        return status_fail(err, MUON_EINVAL, "muon_sub_next: %s",
                           !s || !out ? "sub and out must not be NULL"
                           : timeout_ms < MUON_FOREVER
                               ? "timeout_ms is below MUON_FOREVER"
                               : "this subscription's batches go to its queue");
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    int64_t deadline_ms = clock_deadline_ms(timeout_ms);
    muon_batch *batch = NULL;
    int32_t status = MUON_OK;
    while (status == MUON_OK && !batch) { /* another thread may have been faster */
        status = await(s, deadline_ms, timeout_ms, err);
        if (status != MUON_OK)
            break;
        pthread_mutex_lock(&s->take_mutex);
        status = take_batch(s, &batch, err);
        pthread_mutex_unlock(&s->take_mutex);
        if (status == MUON_OK && !batch)
            status = end_of(s, err);
    }
    if (batch)
        *out = batch;
    return status;
}

/* ---- opening and closing ---- */

int32_t muon_subscribe(muon_client *c, const char *stream, const muon_sub_opts *opts,
                       muon_sub **out, muon_error *err)
{
    static const muon_sub_opts all = {0};
    if (!opts)
        opts = &all;
    if (!out || (opts->queue && queue_client(opts->queue) != c))
        return status_fail(err, MUON_EINVAL, "muon_subscribe: %s",
                           out ? "the queue belongs to another client" : "out must not be NULL");
    muon_sub *s = calloc(1, sizeof *s);
    if (!s)
        return status_fail(err, MUON_ENOMEM, "muon_subscribe: out of memory");
    int32_t status = sub_request_init(&s->request, stream, opts, err);
    if (status == MUON_OK)
        status = client_enter(c, err);
    if (status != MUON_OK) {
        sub_request_fini(&s->request);
        free(s);
        return status;
    }
    atomic_init(&s->refs, 2); /* the application's and the list's */
    s->client = client_ref(c);
    s->prefetch = opts->prefetch ? opts->prefetch : (uint32_t)c->config.number[CONFIG_SUB_PREFETCH];
    s->batch_max = opts->batch_max;
    s->entry.take = take;
    s->entry.drop = drop;
    s->queue = opts->queue ? queue_ref(opts->queue) : NULL;
    s->tag = opts->tag;
    s->tail = &s->head;
    s->last = s->request.service ? 0 : -1;
    pthread_cond_init(&s->ready, NULL);
    pthread_mutex_init(&s->take_mutex, NULL);
    s->next = c->subs.head;
    c->subs.head = s;
    c->subs.len++;
    *out = s;
    connection_want(c);
    begin(c, s, clock_now_ms());
    client_leave(c);
    return MUON_OK;
}

static void close_it(muon_sub *s, bool freed)
{
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "the subscription was closed");
    pthread_mutex_lock(&s->client->mutex);
    s->freed = s->freed || freed;
    if (s->over && s->end_status != MUON_ECANCELLED &&
        !s->told) { /* closed before its end was taken */
        s->end_status = MUON_ECANCELLED;
        s->end_error = error;
    }
    end(s, MUON_ECANCELLED, &error, true);
    pthread_mutex_unlock(&s->client->mutex);
}

void muon_sub_close(muon_sub *s)
{
    if (s && !fork_happened())
        close_it(s, false);
}

void muon_sub_free(muon_sub *s)
{
    if (!s || fork_happened())
        return;
    close_it(s, true);
    unref(s);
}
