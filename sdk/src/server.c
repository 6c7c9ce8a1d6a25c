/*
 * server.c - calls wait in a list until the application takes them, from its thread or through its queue.
 */
#include "sdk/src/server.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/call.h"
#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/fork.h"
#include "sdk/src/item.h"
#include "sdk/src/status.h"
#include "wire/text.h"

/* ---- life ---- */

void server_ref(muon_server *s)
{
    atomic_fetch_add(&s->refs, 1);
}

void server_unref(muon_server *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    pthread_cond_destroy(&s->ready);
    queue_unref(s->queue);
    client_unref(s->client);
    free(s);
}

/* There is a call, or the end. */
static void notify(muon_server *s)
{
    pthread_cond_broadcast(&s->ready);
    if (!s->queue || s->freed)
        return;
    bool was_queued = false;
    server_ref(s);
    if (!queue_push(s->queue, &s->entry, &was_queued) || was_queued)
        server_unref(s);
}

static struct call *pop(muon_server *s)
{
    struct call *call = s->head;
    if (!call)
        return NULL;
    s->head = call->next;
    if (!s->head)
        s->tail = &s->head;
    return call;
}

/* ---- registration ---- */

void server_put_endpoint(muon_server *s, bool removed)
{
    struct session *session = &s->client->serves;
    if (!session->call || session->ending)
        return;
    const struct frame frame = {.kind = FRAME_ENDPOINT,
                                .endpoint = {.path = text_span(s->path),
                                             .doc = text_span(removed ? NULL : s->doc),
                                             .stream = s->stream,
                                             .removed = removed}};
    session_put(session, NULL, &frame, NULL);
    session_flush(session);
}

void server_confirm(muon_server *s, bool confirmed)
{
    muon_client *c = s->client;
    if (s->confirmed == confirmed)
        return;
    s->confirmed = confirmed;
    if (confirmed)
        c->servers.unconfirmed--;
    else
        c->servers.unconfirmed++;
    pthread_cond_broadcast(&c->changed);
}

void server_end(muon_server *s, int32_t status, const muon_error *error)
{
    muon_client *c = s->client;
    struct call *call;
    if (s->over)
        return;
    s->over = true;
    s->end_status = status;
    s->end_error = *error;
    muon_server **at = &c->servers.head;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    server_confirm(s, true); /* nobody waits for it any more */
    server_put_endpoint(s, true);
    while ((call = pop(s)))
        call_refuse(call);
    session_flush(&c->serves);
    connection_tell(c);
    pthread_cond_broadcast(&c->changed);
    notify(s);
    server_unref(s); /* the list's; whoever called holds another */
}

/* ---- for calls ---- */

void server_offer(muon_server *s, struct call *call)
{
    if (s->over) { /* closed while its body was on the way */
        call_refuse(call);
        return;
    }
    call->next = NULL;
    *s->tail = call;
    s->tail = &call->next;
    s->client->metrics.calls_served++;
    notify(s);
}

void server_withdraw(muon_server *s, struct call *call)
{
    for (struct call **at = &s->head; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            if (!*at)
                s->tail = at;
            return;
        }
}

/* ---- taking ---- */

static bool has_more(const muon_server *s)
{
    return !s->freed && (s->head || (s->over && !s->told));
}

static bool take(struct queue_entry *entry, muon_item *item)
{
    muon_server *s = (muon_server *)((char *)entry - offsetof(struct muon_server, entry));
    muon_client *c = s->client;
    pthread_mutex_lock(&c->mutex);
    struct call *call = s->freed ? NULL : pop(s);
    bool last = !call && s->over && !s->told && !s->freed;
    item->tag = s->tag;
    item->kind = MUON_ITEM_CALL;
    if (call) {
        call->taken = true;
        item->object = &call->seen;
    } else if (last) {
        s->told = true;
        item->status = s->end_status;
        item->error = item_error(&s->end_error);
    }
    if (has_more(s))
        notify(s);
    pthread_mutex_unlock(&c->mutex);
    server_unref(s); /* the entry's */
    return call || last;
}

static void drop(struct queue_entry *entry)
{
    server_unref((muon_server *)((char *)entry - offsetof(struct muon_server, entry)));
}

/* Why there is no call. Under the lock. */
static int32_t nothing(const muon_server *s, int32_t timeout_ms, muon_error *err)
{
    if (s->over && s->end_status == MUON_ECANCELLED)
        return status_fail(err, MUON_ECLOSED, "the server or its client is closed");
    if (s->over)
        return status_copy(err, &s->end_error);
    if (timeout_ms == 0)
        return status_fail(err, MUON_EAGAIN, "no call is there yet");
    const char *why = s->confirmed                   ? "there was none"
                      : s->client->serves.failure[0] ? s->client->serves.failure
                                                     : "it is not registered yet";
    return status_fail(err, MUON_ETIMEDOUT, "no call within %d ms: %s", timeout_ms,
                       connection_why(s->client, why));
}

int32_t muon_server_next(muon_server *s, muon_call **out, int32_t timeout_ms, muon_error *err)
{
    if (!s || !out || timeout_ms < MUON_FOREVER || s->queue)
        return status_fail(err, MUON_EINVAL, "muon_server_next: %s",
                           !s || !out                  ? "server and out must not be NULL"
                           : timeout_ms < MUON_FOREVER ? "timeout_ms is below MUON_FOREVER"
                                                       : "this server's calls go to its queue");
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    int64_t deadline_ms = clock_deadline_ms(timeout_ms);
    int32_t status = MUON_OK;
    bool in_time = true;
    pthread_mutex_lock(&s->client->mutex);
    while (in_time && !s->head && !s->over)
        in_time = timeout_ms != 0 && clock_wait(&s->ready, &s->client->mutex, deadline_ms);
    struct call *call = pop(s);
    if (call)
        call->taken = true;
    else
        status = nothing(s, timeout_ms, err);
    pthread_mutex_unlock(&s->client->mutex);
    if (call)
        *out = &call->seen;
    return status;
}

/* ---- opening and closing ---- */

static int32_t check(const char *path, const muon_serve_opts *opts, muon_error *err)
{
    const char *fault = path ? bus_endpoint_fault(text_span(path)) : "must not be NULL";
    if (fault)
        return status_fail(err, MUON_EINVAL, "muon_serve: the path %s", fault);
    if (opts->flags & ~(uint32_t)MUON_SERVE_STREAM || opts->max_inflight > BUS_IN_FLIGHT_MAX)
        return status_fail(err, MUON_EINVAL, "muon_serve: unknown flags, or max_inflight over %d",
                           BUS_IN_FLIGHT_MAX);
    fault = text_fault(text_span(opts->doc));
    return fault ? status_fail(err, MUON_EINVAL, "muon_serve: doc %s", fault) : MUON_OK;
}

/* Under the lock: may it be served under our name, and is it not served yet? */
static int32_t check_name(const muon_client *c, const muon_server *s, muon_error *err)
{
    const char *name = c->config.text[CONFIG_SERVICE_NAME];
    if (!name || strchr(name, '/') || strcmp(name, "photon") == 0 ||
        text_is_reserved(text_span(name)))
        return status_fail(err, MUON_EINVAL,
                           "muon_serve: \"service.name\" must be set to a name without \"/\", not "
                           "beginning with \"__\", and not \"photon\"");
    for (const muon_server *other = c->servers.head; other; other = other->next)
        if (other->stream == s->stream && strcmp(other->path, s->path) == 0)
            return status_fail(err, MUON_EEXIST, "muon_serve: this client serves %s already",
                               s->path);
    return MUON_OK;
}

static void enlist(muon_client *c, muon_server *s, const muon_serve_opts *opts)
{
    atomic_init(&s->refs, 2); /* the application's and the list's */
    s->client = client_ref(c);
    s->inflight_max = opts->max_inflight ? opts->max_inflight : BUS_IN_FLIGHT;
    s->queue = opts->queue ? queue_ref(opts->queue) : NULL;
    s->tag = opts->tag;
    s->entry.take = take;
    s->entry.drop = drop;
    s->tail = &s->head;
    pthread_cond_init(&s->ready, NULL);
    s->next = c->servers.head;
    c->servers.head = s;
    c->servers.unconfirmed++;
    connection_tell(c);
    connection_want(c);
    if (c->serves.call)
        server_put_endpoint(s, false);
    else
        session_begin(&c->serves);
}

int32_t muon_serve(muon_client *c, const char *path, const muon_serve_opts *opts, muon_server **out,
                   muon_error *err)
{
    static const muon_serve_opts usual = {0};
    opts = opts ? opts : &usual;
    if (!out || (opts->queue && queue_client(opts->queue) != c))
        return status_fail(err, MUON_EINVAL, "muon_serve: %s",
                           out ? "the queue belongs to another client" : "out must not be NULL");
    int32_t status = check(path, opts, err);
    if (status != MUON_OK)
        return status;
    muon_server *s = calloc(1, sizeof *s);
    if (!s)
        return status_fail(err, MUON_ENOMEM, "muon_serve: out of memory");
    strcpy(s->path, path);
    strcpy(s->doc, opts->doc ? opts->doc : "");
    s->stream = opts->flags & MUON_SERVE_STREAM;
    status = client_enter(c, err);
    if (status == MUON_OK) {
        status = check_name(c, s, err);
        if (status == MUON_OK)
            enlist(c, s, opts);
        client_leave(c);
    }
    if (status == MUON_OK)
        *out = s;
    else
        free(s);
    return status;
}

static void close_it(muon_server *s, bool freed)
{
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "the server was closed");
    pthread_mutex_lock(&s->client->mutex);
    s->freed = s->freed || freed;
    server_end(s, MUON_ECANCELLED, &error);
    pthread_mutex_unlock(&s->client->mutex);
}

void muon_server_close(muon_server *s)
{
    if (s && !fork_happened())
        close_it(s, false);
}

void muon_server_free(muon_server *s)
{
    if (!s || fork_happened())
        return;
    close_it(s, true);
    server_unref(s);
}
