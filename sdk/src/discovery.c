/*
 * discovery.c - one call after the other; the newest of what they bring waits to be taken.
 *
 * Each call begins with all that is there, so nothing is missed between two of them, but for what came and went meanwhile.
 */
#include "sdk/src/discovery.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/item.h"
#include "sdk/src/log.h"
#include "sdk/src/status.h"
#include "wire/codec.h"
#include "wire/text.h"

struct discovery {
    struct queue_entry entry;
    atomic_size_t refs;  /* the client's list, the call, and the entry while it is queued */
    muon_client *client; /* counted */
    struct discovery *next;
    muon_queue *queue; /* counted */
    uint64_t tag;

    struct client_call *call;
    struct link *link;
    struct backoff backoff;
    int64_t retry_at_ms;

    struct bytes *news; /* not taken yet */
    bool over, told;
    muon_error why; /* it is over */
    char filter[NAME_BYTES_MAX + 8];
};

static const struct client_handler handler;

static void unref(struct discovery *d)
{
    if (atomic_fetch_sub(&d->refs, 1) != 1)
        return;
    bytes_unref(d->news);
    queue_unref(d->queue);
    client_unref(d->client);
    free(d);
}

/* Under the lock: there is something to take. */
static void notify(struct discovery *d)
{
    bool was_queued = false;
    atomic_fetch_add(&d->refs, 1);
    if (!queue_push(d->queue, &d->entry, &was_queued) || was_queued)
        unref(d);
}

static void keep(struct discovery *d, struct bytes *news)
{
    bytes_unref(d->news);
    d->news = news ? bytes_ref(news) : NULL;
}

/* Under the lock. Only the end is still to be taken. */
static void end(struct discovery *d, const muon_error *why)
{
    if (d->over)
        return;
    d->over = true;
    d->why = *why;
    keep(d, NULL);
    struct discovery **at = &d->client->discoveries.head;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    d->client->discoveries.len--;
    if (d->call)
        client_call_cancel(d->call);
    notify(d);
    unref(d); /* the list's; whoever called holds another, or does not look again */
}

/* ---- the call ---- */

static void begin(muon_client *c, struct discovery *d, int64_t now_ms)
{
    const struct discover_request request = {.filter = text_span(d->filter), .watch = true};
    if (d->call || now_ms < d->retry_at_ms || c->connection.state != MUON_STATE_READY)
        return;
    struct bytes *message = discover_request_encode(&request);
    if (message)
        d->call = connection_call(c, "/muon.v1.BusService/Discover", -1, &handler, d, &d->link);
    if (d->call) {
        atomic_fetch_add(&d->refs, 1);
        client_call_ask(d->call, message);
    } else { /* out of memory: later */
        d->retry_at_ms = now_ms + 100;
        client_wake_at(c, d->retry_at_ms);
    }
    bytes_unref(message);
}

static void message(struct client_call *call, struct bytes *message)
{
    struct discovery *d = client_call_user(call);
    muon_client *c = d->client;
    if (!message)
        return;
    pthread_mutex_lock(&c->mutex);
    if (!d->over) {
        d->backoff = (struct backoff){0};
        c->metrics.received_bytes += message->len;
        keep(d, message);
        notify(d);
        client_call_read(call);
    }
    pthread_mutex_unlock(&c->mutex);
}

/* The call has ended, and it is not over: begun again, if that may help. */
static void lost(muon_client *c, struct discovery *d, const struct error *status)
{
    muon_error error;
    if (status->reason != REASON_NONE && status->reason != REASON_CALLER_GONE &&
        !status->retryable) {
        status_of_error(&error, status);
        end(d, &error);
        return;
    }
    log_add(c, MUON_LOG_INFO, "watching services interrupted: %s",
            status->reason == REASON_NONE ? "photond ended the call" : status->message);
    d->retry_at_ms =
        clock_now_ms() + status->retry_after_ms +
        backoff_next_ms(&d->backoff, c->config.number[CONFIG_RECONNECT_MAX_MS], backoff_random());
    client_wake_at(c, d->retry_at_ms);
    connection_suspect(c, d->link);
}

static void finished(struct client_call *call, const struct error *status)
{
    struct discovery *d = client_call_user(call);
    muon_client *c = d->client;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    d->call = NULL;
    struct link *link = d->link;
    if (!d->over)
        lost(c, d, status);
    connection_release(c, link);
    pthread_mutex_unlock(&c->mutex);
    unref(d); /* the call's */
}

static const struct client_handler handler = {
    .message = message, .sent = connection_sent, .finished = finished};

/* ---- for the client ---- */

void discovery_connected(muon_client *c)
{
    int64_t now_ms = clock_now_ms();
    for (struct discovery *d = c->discoveries.head; d; d = d->next)
        begin(c, d, now_ms);
}

int64_t discovery_tick(muon_client *c, int64_t now_ms)
{
    int64_t next_ms = CLOCK_NEVER;
    for (struct discovery *d = c->discoveries.head; d; d = d->next) {
        begin(c, d, now_ms);
        if (!d->call && d->retry_at_ms > now_ms && d->retry_at_ms < next_ms)
            next_ms = d->retry_at_ms;
    }
    return next_ms;
}

bool discovery_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    struct discovery *next;
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "watching services was cancelled");
    for (struct discovery *d = c->discoveries.head; d; d = next) {
        next = d->next;
        if ((q && d->queue != q) || (tag && d->tag != *tag))
            continue;
        found = true;
        end(d, &error);
    }
    return found;
}

/* ---- taking ---- */

/* Fill the item with the end. Under the lock. False: it has been told. */
static bool take_end(struct discovery *d, muon_item *item)
{
    if (!d->over || d->told)
        return false;
    d->told = true;
    item->status = d->why.code;
    item->error = item_error(&d->why);
    return true;
}

static bool take(struct queue_entry *entry, muon_item *item)
{
    struct discovery *d = (struct discovery *)entry;
    muon_client *c = d->client;
    muon_reply *reply = NULL;
    muon_error error;
    pthread_mutex_lock(&c->mutex);
    struct bytes *news = d->news;
    d->news = NULL;
    pthread_mutex_unlock(&c->mutex);
    int32_t status = news ? discovery_document(&news, 1, &reply, &error) : MUON_OK;
    bytes_unref(news);
    pthread_mutex_lock(&c->mutex);
    if (status != MUON_OK)
        end(d, &error);
    item->tag = d->tag;
    item->kind = MUON_ITEM_REPLY;
    item->object = reply;
    bool something = reply || take_end(d, item);
    if (d->over && !d->told)
        notify(d);
    pthread_mutex_unlock(&c->mutex);
    unref(d); /* the entry's */
    return something;
}

static void drop(struct queue_entry *entry)
{
    unref((struct discovery *)entry);
}

/* ---- beginning ---- */

int32_t muon_discover_watch(muon_client *c, const char *filter, muon_queue *q, uint64_t tag,
                            muon_error *err)
{
    const char *text = filter ? filter : "", *fault = text_fault(text_span(text));
    struct discovery *d = NULL;
    if (!q || queue_client(q) != c)
        return status_fail(err, MUON_EINVAL, "muon_discover_watch: %s",
                           q ? "the queue belongs to another client" : "q must not be NULL");
    if (fault || strlen(text) >= sizeof d->filter)
        return status_fail(err, MUON_EINVAL, "muon_discover_watch: filter %s",
                           fault ? fault : "is too long");
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    bool full = c->discoveries.len == DISCOVERIES_MAX;
    d = full ? NULL : calloc(1, sizeof *d);
    if (d) {
        atomic_init(&d->refs, 1);
        d->client = client_ref(c);
        d->entry.take = take;
        d->entry.drop = drop;
        d->queue = queue_ref(q);
        d->tag = tag;
        memcpy(d->filter, text, strlen(text) + 1);
        d->next = c->discoveries.head;
        c->discoveries.head = d;
        c->discoveries.len++;
        connection_want(c);
        begin(c, d, clock_now_ms());
    }
    client_leave(c);
    if (d)
        return MUON_OK;
    return full ? status_fail(err, MUON_EAGAIN, "muon_discover_watch: there are %d already",
                              DISCOVERIES_MAX)
                : status_fail(err, MUON_ENOMEM, "muon_discover_watch: out of memory");
}
