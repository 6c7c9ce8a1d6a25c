/*
 * call.c - one call: received, held, answered or fed, given back.
 *
 * Answering never waits: the answer joins the session's outbox, and what is too large for a frame is kept until the caller's credit has let
 * it pass. When the caller goes first, everything that the application still does with the call comes to MUON_ECANCELLED.
 */
#include "sdk/src/call.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/fork.h"
#include "sdk/src/item.h"
#include "sdk/src/server.h"
#include "sdk/src/status.h"
#include "wire/codec-error.h"
#include "wire/text.h"

enum { STATUS_OK = 200, STATUS_FAILED = 500, STATUS_MIN = 100, STATUS_MAX = 599 };

static const struct exchange_end responder;

static struct call *of_exchange(struct exchange *exchange)
{
    return (struct call *)((char *)exchange - offsetof(struct call, exchange));
}

static struct call *of_entry(struct queue_entry *entry)
{
    return (struct call *)((char *)entry - offsetof(struct call, entry));
}

/* ---- life ---- */

void call_unref(struct call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    exchange_fini(&call->exchange);
    free((char *)call->seen.body.ptr);
    pthread_cond_destroy(&call->changed);
    server_unref(call->server);
    client_unref(call->client);
    free(call);
}

/* To the queue: it can take more, or is gone. */
static void notify(struct call *call)
{
    bool was_queued = false;
    if (!call->server->queue || call->server->freed || call->given_back)
        return;
    atomic_fetch_add(&call->refs, 1);
    if (!queue_push(call->server->queue, &call->entry, &was_queued) || was_queued)
        call_unref(call);
}

/* Its holder is done with it; a call_unref follows. */
static void give_back(struct call *call)
{
    call->given_back = true;
    call->server->inflight--;
}

/* It is off the session, which lets go of it. */
static void leave(struct call *call)
{
    muon_client *c = call->client;
    if (call->seen.kind == MUON_CALL_REQUEST)
        c->servers.requests--;
    if (c->phase == CLIENT_CLOSING)
        pthread_cond_broadcast(&c->changed);
    call_unref(call);
}

/* ---- as items ---- */

static bool take(struct queue_entry *entry, muon_item *item)
{
    struct call *call = of_entry(entry);
    muon_client *c = call->client;
    muon_error error;
    pthread_mutex_lock(&c->mutex);
    bool tell = !call->given_back && !call->server->freed && !call->told_gone;
    item->kind = MUON_ITEM_WRITABLE;
    item->tag = call->server->tag;
    item->version = call->seen.number;
    if (tell && call->gone) {
        call->told_gone = true;
        item->status = status_fail(&error, MUON_ECANCELLED, "the subscriber has gone");
        item->error = item_error(&error);
    }
    pthread_mutex_unlock(&c->mutex);
    call_unref(call); /* the entry's */
    return tell;
}

static void drop(struct queue_entry *entry)
{
    call_unref(of_entry(entry));
}

/* ---- sending ---- */

static void put_answer(struct call *call, int32_t status, const char *content_type,
                       struct bytes *body)
{
    struct frame frame = {
        .kind = FRAME_ANSWER,
        .answer = {.status = (uint32_t)status, .content_type = text_span(content_type)}};
    exchange_put_body(&call->exchange, &frame, &frame.answer.body, &frame.answer.body_bytes, body);
}

static void put_error(struct call *call, enum reason reason, const char *text)
{
    struct error error;
    error_set(&error, reason, "%s", text);
    error.maybe_applied = false;
    struct bytes *encoded = error_encode(&error);
    if (!encoded) {
        session_break(call->exchange.session, "out of memory for a frame");
        return;
    }
    const struct frame frame = {
        .exchange = call->exchange.number, .kind = FRAME_ERROR, .error = bytes_span(encoded)};
    session_put(call->exchange.session, &call->exchange, &frame, NULL);
    bytes_unref(encoded);
}

static enum reason reason_of(int32_t status)
{
    static const struct {
        int32_t status;
        enum reason reason;
    } table[] = {{400, REASON_INVALID_ARGUMENT},
                 {403, REASON_DENIED},
                 {404, REASON_NO_SUCH_PATH},
                 {408, REASON_TIMED_OUT}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].reason;
    return REASON_RESPONDER_LOST;
}

/* The end of a stream, once its last item has been put. */
static void put_end(struct call *call)
{
    const struct frame frame = {.exchange = call->exchange.number, .kind = FRAME_END};
    if (!call->end_status || call->exchange.rest)
        return;
    if (call->end_status == STATUS_OK)
        session_put(call->exchange.session, &call->exchange, &frame, NULL);
    else
        put_error(call, reason_of(call->end_status), call->end_text);
    call->end_status = 0;
}

static void set_end(struct call *call, int32_t status, struct span text)
{
    static const char silent[] = "the publisher has ended the stream without a reason";
    call->end_status = status;
    error_text(call->end_text, sizeof call->end_text, text.len ? text : text_span(silent));
    put_end(call);
}

void call_refuse(struct call *call)
{
    if (!call->gone) {
        put_error(call, REASON_SHUTTING_DOWN, "the responder is going away");
        give_back(call);
    }
    call_unref(call);
}

/* ---- what comes ---- */

static muon_str keep(char **at, struct span text)
{
    muon_str kept = {*at, text.len};
    if (text.len)
        memcpy(*at, text.data, text.len);
    *at += text.len + 1; /* zeroed before */
    return kept;
}

static struct call *make(muon_client *c, muon_server *server, const struct bus_call *ask,
                         const struct bus_url *url)
{
    struct span type = ask->content_type.len ? ask->content_type : text_span("application/json");
    size_t texts = url->path.len + url->args.len + type.len + ask->traceparent.len +
                   ask->caused_by.len + ask->caller.len + url->service.len + 7;
    struct call *call = calloc(1, sizeof *call + texts);
    if (!call)
        return NULL;
    char *at = call->texts;
    call->seen = (struct muon_call){
        .kind = url->stream ? MUON_CALL_STREAM : MUON_CALL_REQUEST,
        .number = ++c->servers.last_number,
        .deadline_ms = ask->timeout_ms ? cq_now_ms() + ask->timeout_ms : 0,
    };
    call->seen.path = keep(&at, url->path);
    call->seen.args = keep(&at, url->args);
    call->seen.content_type = keep(&at, type);
    call->seen.traceparent = keep(&at, ask->traceparent);
    call->seen.caused_by = keep(&at, ask->caused_by);
    call->seen.caller = keep(&at, ask->caller);
    call->seen.service = keep(&at, url->service);
    call->exchange.end = &responder;
    call->entry.take = take;
    call->entry.drop = drop;
    call->client = client_ref(c);
    call->server = server;
    server_ref(server);
    pthread_cond_init(&call->changed, NULL);
    return call;
}

/* All of it is there. */
static void complete(struct call *call)
{
    size_t len;
    char *body = (char *)exchange_take_body(&call->exchange, &len);
    call->seen.body = (muon_str){body, len};
    server_offer(call->server, call);
}

bool call_begin(muon_client *c, muon_server *server, const struct frame *frame,
                const struct bus_url *url)
{
    const struct bus_call *ask = &frame->call;
    struct call *call = make(c, server, ask, url);
    if (!call)
        return false;
    atomic_init(&call->refs, 1);
    if (!exchange_receive(&call->exchange, ask->body, ask->body_bytes, c->serves.body_bytes)) {
        call_unref(call);
        return false;
    }
    atomic_init(&call->refs, 2); /* the session's and its holder's */
    server->inflight++;
    c->servers.requests += call->seen.kind == MUON_CALL_REQUEST;
    session_add(&c->serves, &call->exchange, frame->exchange);
    exchange_credit(&call->exchange, ask->credit_items, ask->credit_bytes);
    if (exchange_is_whole(&call->exchange))
        complete(call);
    else
        session_give(&call->exchange, EXCHANGE_WINDOW);
    return true;
}

static void frame(struct exchange *exchange, const struct frame *frame)
{
    struct call *call = of_exchange(exchange);
    if (frame->kind != FRAME_CHUNK || !exchange_receive_more(exchange, frame->chunk))
        session_break(exchange->session, "photond has sent what is no part of a call");
    else if (exchange_is_whole(exchange))
        complete(call);
}

static void over(struct exchange *exchange, const struct error *error, bool unsent)
{
    struct call *call = of_exchange(exchange);
    (void)error;
    (void)unsent;
    call->gone = true;
    pthread_cond_broadcast(&call->changed);
    if (call->seen.kind == MUON_CALL_STREAM && call->taken)
        notify(call);
    if (!call->taken && !call->given_back) {
        server_withdraw(call->server, call);
        give_back(call);
        call_unref(call);
    }
    leave(call);
}

static void room(struct exchange *exchange)
{
    struct call *call = of_exchange(exchange);
    if (call->given_back) {
        put_end(call);
        if (exchange->rest || exchange->lane.first)
            return;
        session_remove(exchange); /* its last frame has left */
        leave(call);
    } else if (exchange_has_room(exchange)) {
        pthread_cond_broadcast(&call->changed);
        if (call->wants_room)
            notify(call);
        call->wants_room = false;
    }
}

static const struct exchange_end responder = {.frame = frame, .over = over, .room = room};

/* ---- for the application ---- */

static struct call *of_seen(muon_call *call)
{
    return (struct call *)call; /* its first member */
}

/* What is wrong with a body or its type; NULL: nothing. */
static const char *fault_of(const char *content_type, const void *body, size_t len)
{
    const char *fault = text_fault(text_span(content_type));
    return fault ? fault : len && !body ? "body is NULL, but has a length" : NULL;
}

/* Can nothing be sent any more? Under the lock. */
static int32_t check_gone(const struct call *call, muon_error *err)
{
    if (call->client->phase >= CLIENT_STOPPING)
        return status_fail(err, MUON_ECLOSED, "the client is closed");
    return call->gone ? status_fail(err, MUON_ECANCELLED, "the caller has gone") : MUON_OK;
}

static int32_t check_size(const struct call *call, size_t len, muon_error *err)
{
    uint64_t max = call->client->serves.body_bytes;
    return len <= max ? MUON_OK
                      : status_fail(err, MUON_ETOOBIG, "the body is over the limit of %llu bytes",
                                    (unsigned long long)max);
}

int32_t muon_call_reply(muon_call *seen, int32_t status, const char *content_type, const void *body,
                        size_t len, muon_error *err)
{
    struct call *call = of_seen(seen);
    const char *fault = !call ? "call must not be NULL"
                        : status < STATUS_MIN || status > STATUS_MAX
                            ? "status must be from 100 to 599"
                            : fault_of(content_type, body, len);
    if (fault)
        return status_fail(err, MUON_EINVAL, "muon_call_reply: %s", fault);
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    struct bytes *copy = len ? bytes_copy(body, len) : NULL;
    if (len && !copy)
        return status_fail(err, MUON_ENOMEM, "muon_call_reply: out of memory");
    muon_client *c = call->client;
    pthread_mutex_lock(&c->mutex);
    int32_t result = check_gone(call, err);
    if (result == MUON_OK)
        result = check_size(call, len, err);
    bool kept = result == MUON_ETOOBIG;
    if (!kept)
        give_back(call);
    if (result == MUON_OK && call->seen.kind == MUON_CALL_REQUEST)
        put_answer(call, status, content_type, copy);
    else if (result == MUON_OK)
        set_end(call, status, copy ? bytes_span(copy) : (struct span){NULL, 0});
    session_flush(&c->serves);
    pthread_mutex_unlock(&c->mutex);
    bytes_unref(copy);
    if (!kept)
        call_unref(call);
    return result;
}

int32_t muon_call_send(muon_call *seen, const char *content_type, const void *body, size_t len,
                       muon_error *err)
{
    struct call *call = of_seen(seen);
    const char *fault = !call                                 ? "call must not be NULL"
                        : call->seen.kind != MUON_CALL_STREAM ? "the call is no stream"
                                                              : fault_of(content_type, body, len);
    if (fault)
        return status_fail(err, MUON_EINVAL, "muon_call_send: %s", fault);
    if (fork_check(err) != MUON_OK)
        return MUON_EFORKED;
    struct bytes *copy = len ? bytes_copy(body, len) : NULL;
    if (len && !copy)
        return status_fail(err, MUON_ENOMEM, "muon_call_send: out of memory");
    struct exchange *exchange = &call->exchange;
    muon_client *c = call->client;
    pthread_mutex_lock(&c->mutex);
    int32_t result = check_gone(call, err);
    if (result == MUON_OK)
        result = check_size(call, len, err);
    if (result == MUON_OK && !exchange_has_room(exchange)) {
        call->wants_room = true;
        result = status_fail(err, MUON_EAGAIN, "the subscriber is behind: wait until it has room");
    }
    if (result == MUON_OK) {
        struct frame frame = {.kind = FRAME_ITEM, .item.content_type = text_span(content_type)};
        exchange_put_body(exchange, &frame, &frame.item.body, &frame.item.body_bytes, copy);
        c->metrics.items_published++;
        session_flush(&c->serves);
    }
    pthread_mutex_unlock(&c->mutex);
    bytes_unref(copy);
    return result;
}

int32_t muon_call_wait(muon_call *seen, int32_t timeout_ms)
{
    struct call *call = of_seen(seen);
    if (!call || timeout_ms < MUON_FOREVER)
        return MUON_EINVAL;
    if (fork_check(NULL) != MUON_OK)
        return MUON_EFORKED;
    muon_client *c = call->client;
    int64_t deadline_ms = clock_deadline_ms(timeout_ms);
    bool in_time = timeout_ms != 0, room = false;
    pthread_mutex_lock(&c->mutex);
    int32_t result;
    for (;;) {
        result = check_gone(call, NULL);
        room = call->seen.kind == MUON_CALL_REQUEST || exchange_has_room(&call->exchange);
        if (result != MUON_OK || room || !in_time)
            break;
        in_time = clock_wait(&call->changed, &c->mutex, deadline_ms);
    }
    pthread_mutex_unlock(&c->mutex);
    if (result == MUON_OK && !room)
        result = timeout_ms ? MUON_ETIMEDOUT : MUON_EAGAIN;
    return result;
}

void muon_call_free(muon_call *seen)
{
    struct call *call = of_seen(seen);
    if (!call || fork_happened())
        return;
    muon_client *c = call->client;
    pthread_mutex_lock(&c->mutex);
    give_back(call);
    if (!call->gone && call->seen.kind == MUON_CALL_REQUEST)
        put_answer(call, STATUS_FAILED, NULL, NULL);
    else if (!call->gone)
        set_end(call, STATUS_FAILED, (struct span){NULL, 0});
    session_flush(&c->serves);
    pthread_mutex_unlock(&c->mutex);
    call_unref(call);
}
