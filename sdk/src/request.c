/*
 * request.c - one request: checked, kept, put on the session, answered.
 *
 * It is encoded as the plain call's message and read by the decoder that photond uses, so that both sides refuse the same
 * things; what goes on the session are views of that. Each ends once: with an answer, an error, at its deadline, or cancelled.
 */
#include "sdk/src/request.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/reply.h"
#include "sdk/src/status.h"
#include "wire/text.h"

struct request {
    struct exchange exchange; /* first */
    struct request *next, *prev;
    muon_client *client;
    struct bytes *encoded; /* owned; ask is views of it */
    struct bytes *body;    /* owned; a slice of it; NULL: empty */
    struct bus_call ask;
    struct outcome *outcome;
    struct muon_reply *reply; /* its head has come, its body may still */
    int64_t begun_ms, deadline_ms;
};

void request_init(struct requests *requests)
{
    inflight_init(&requests->inflight, REQUESTS_ASYNC_MAX, REQUESTS_ASYNC_BYTES_MAX);
}

void request_fini(struct requests *requests)
{
    inflight_fini(&requests->inflight);
}

static void request_free(struct request *request)
{
    if (!request)
        return;
    exchange_fini(&request->exchange);
    muon_reply_free(request->reply);
    outcome_free(request->outcome);
    bytes_unref(request->body);
    bytes_unref(request->encoded);
    free(request);
}

/* ---- sending ---- */

static void put(struct request *request, int64_t now_ms)
{
    struct session *session = &request->client->asks;
    struct frame frame = {.kind = FRAME_CALL, .call = request->ask};
    int64_t left_ms = request->deadline_ms - now_ms;
    frame.call.timeout_ms = left_ms < 1 ? 1 : left_ms < UINT32_MAX ? (uint32_t)left_ms : UINT32_MAX;
    frame.call.credit_bytes = EXCHANGE_WINDOW;
    session_add(session, &request->exchange, 0);
    exchange_put_body(&request->exchange, &frame, &frame.call.body, &frame.call.body_bytes,
                      request->body);
}

/* Put what waits and has room; session_flush follows. */
static void put_waiting(muon_client *c)
{
    struct session *session = &c->asks;
    int64_t now_ms = clock_now_ms();
    struct request *request;
    while (session_is_open(session) && session->exchanges < session->max_calls &&
           (request = c->requests.unsent)) {
        c->requests.unsent = request->next;
        put(request, now_ms);
    }
}

static void go_on(muon_client *c)
{
    put_waiting(c);
    session_flush(&c->asks);
}

/* ---- the end of one ---- */

static void unlink_it(struct requests *requests, struct request *request)
{
    if (request->prev)
        request->prev->next = request->next;
    else
        requests->head = request->next;
    if (request->next)
        request->next->prev = request->prev;
    else
        requests->last = request->prev;
    if (requests->unsent == request)
        requests->unsent = request->next;
    requests->len--;
}

/* It is off the session; its outcome has been filled in. */
static void end(struct request *request)
{
    muon_client *c = request->client;
    struct outcome *outcome = request->outcome;
    unlink_it(&c->requests, request);
    c->metrics.requests_failed += outcome->item.status != MUON_OK;
    request->outcome = NULL;
    request_free(request);
    outcome_deliver(outcome);
    put_waiting(c); /* in its place */
}

/* Take it off and fail. maybe: say so if it had left. */
static void fail(struct request *request, muon_error *error, bool maybe)
{
    bool left = false;
    if (request->exchange.session)
        left = !session_cancel(&request->exchange);
    if (left && maybe)
        error->flags |= MUON_MAYBE_APPLIED;
    outcome_fail(request->outcome, error);
    end(request);
}

static void time_out(struct request *request, int64_t now_ms)
{
    muon_client *c = request->client;
    muon_error error;
    bool on_session = request->exchange.session;
    const char *why = on_session                  ? "there was no answer"
                      : c->asks.failure[0]        ? c->asks.failure
                      : session_is_open(&c->asks) ? "too many are under way"
                                                  : "there is no session yet";
    if (connection_is_refused(c))
        status_fail(&error, MUON_EAUTH, "no connection: %s", connection_why(c, why));
    else
        status_fail(&error, on_session ? MUON_ETIMEDOUT : connection_timeout_status(c),
                    "the request to %.*s took longer than %lld ms: %s", (int)request->ask.url.len,
                    (const char *)request->ask.url.data, (long long)(now_ms - request->begun_ms),
                    connection_why(c, why));
    if (!on_session)
        memcpy(error.request_id, c->asks.failure_id, sizeof error.request_id);
    fail(request, &error, true);
}

/* ---- what comes ---- */

static void unreadable(struct request *request)
{
    muon_error error;
    status_fail(&error, MUON_EPROTO, "the answer to %.*s cannot be read, or is over the limit",
                (int)request->ask.url.len, (const char *)request->ask.url.data);
    fail(request, &error, true);
}

/* All of the answer is there. */
static void complete(struct request *request)
{
    muon_item *item = &request->outcome->item;
    size_t len;
    uint8_t *body = exchange_take_body(&request->exchange, &len);
    reply_set_body(request->reply, (char *)body, len);
    item->object = request->reply;
    request->reply = NULL;
    session_remove(&request->exchange);
    end(request);
}

static void take_answer(struct request *request, const struct bus_answer *answer)
{
    struct bus_url url;
    bus_url_split(request->ask.url, &url);
    if (!request->reply)
        request->reply = reply_of_answer(answer, url.service);
    if (!request->reply || !exchange_receive(&request->exchange, answer->body, answer->body_bytes,
                                             request->client->asks.body_bytes))
        unreadable(request);
    else if (exchange_is_whole(&request->exchange))
        complete(request);
}

static void frame(struct exchange *exchange, const struct frame *frame)
{
    struct request *request = (struct request *)exchange;
    if (frame->kind == FRAME_ANSWER)
        take_answer(request, &frame->answer);
    else if (frame->kind != FRAME_CHUNK || !exchange_receive_more(exchange, frame->chunk))
        unreadable(request);
    else if (exchange_is_whole(exchange))
        complete(request);
}

static void over(struct exchange *exchange, const struct error *status, bool unsent)
{
    struct request *request = (struct request *)exchange;
    muon_error error;
    if (unsent) /* it stays, for the next session */
        return;
    status_of_error(&error, status);
    outcome_fail(request->outcome, &error);
    end(request);
}

static void room(struct exchange *exchange)
{
    (void)exchange; /* a request has nothing more to say */
}

static const struct exchange_end caller = {.frame = frame, .over = over, .room = room};

/* ---- the session ---- */

static bool is_wanted(const muon_client *c)
{
    return c->requests.len > 0;
}

static void lost(muon_client *c, const struct error *refused)
{
    muon_error error;
    c->requests.unsent = c->requests.head; /* those that had left have failed */
    if (!refused)
        return;
    while (c->requests.head) {
        status_of_error(&error, refused);
        fail(c->requests.head, &error, false);
    }
}

const struct session_role request_role = {.is_wanted = is_wanted, .welcomed = go_on, .lost = lost};

/* ---- time, and the end ---- */

int64_t request_tick(muon_client *c, int64_t now_ms)
{
    int64_t next_ms = CLOCK_NEVER;
    struct request *next;
    for (struct request *request = c->requests.head; request; request = next) {
        next = request->next;
        if (request->deadline_ms <= now_ms || connection_is_refused(c))
            time_out(request, now_ms);
        else if (request->deadline_ms < next_ms)
            next_ms = request->deadline_ms;
    }
    go_on(c);
    return next_ms;
}

bool request_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    struct request *next;
    for (struct request *request = c->requests.head; request; request = next) {
        muon_error error;
        const struct outcome *outcome = request->outcome;
        next = request->next;
        if ((q && outcome->queue != q) || (tag && outcome->item.tag != *tag))
            continue;
        found = true;
        status_fail(&error, MUON_ECANCELLED, "the request was cancelled");
        fail(request, &error, true);
    }
    session_flush(&c->asks);
    return found;
}

/* ---- submitting ---- */

static const muon_request_opts no_opts;

static struct span span_of(muon_str text)
{
    return (struct span){(const uint8_t *)text.ptr, text.len};
}

static void fill(struct bus_call *out, const char *url, const void *body, size_t len,
                 const muon_request_opts *opts)
{
    *out = (struct bus_call){.url = text_span(url),
                             .content_type = text_span(opts->content_type),
                             .body = {body, len},
                             .traceparent = text_span(opts->traceparent),
                             .caused_by = text_span(opts->caused_by)};
    const struct muon_call *call = opts->in_call;
    const struct muon_event *event = opts->in_event;
    if (!opts->traceparent && (call || event))
        out->traceparent = span_of(call ? call->traceparent : event->traceparent);
    if (!opts->caused_by && (call || event))
        out->caused_by = span_of(call ? call->caused_by : event->event_id);
}

static int32_t check(const char *url, const void *body, size_t len, const muon_request_opts *opts,
                     muon_error *err)
{
    const char *wrong = NULL;
    if (!url)
        wrong = "url must not be NULL";
    else if (len && !body)
        wrong = "body is NULL, but has a length";
    else if (opts->flags)
        wrong = "unknown flags";
    else if (opts->in_call && opts->in_event)
        wrong = "in_call and in_event: give one of them";
    return wrong ? status_fail(err, MUON_EINVAL, "muon_request: %s", wrong) : MUON_OK;
}

/* Checked and encoded, and everything that it needs. */
static int32_t make(const char *url, const void *body, size_t len, const muon_request_opts *opts,
                    muon_queue *q, uint64_t tag, struct request **out, muon_error *err)
{
    struct error error;
    struct bus_call ask;
    int32_t status = check(url, body, len, opts, err);
    if (status != MUON_OK)
        return status;
    fill(&ask, url, body, len, opts);
    struct request *request = calloc(1, sizeof *request);
    if (request) {
        request->exchange.end = &caller;
        request->begun_ms = clock_now_ms();
        request->encoded = bus_request_encode(&ask);
        request->outcome = outcome_new(q, tag, MUON_ITEM_REPLY);
    }
    if (!request || !request->encoded || !request->outcome)
        status = status_fail(err, MUON_ENOMEM, "out of memory for the request");
    else if (bus_request_decode(bytes_span(request->encoded), &request->ask, &error) != REASON_NONE)
        status = status_of_error(err, &error);
    else if (len && !(request->body = bytes_slice(request->encoded, request->ask.body)))
        status = status_fail(err, MUON_ENOMEM, "out of memory for the request");
    if (status == MUON_OK)
        *out = request;
    else
        request_free(request);
    return status;
}

/* Under the lock. */
static void submit(muon_client *c, struct request *request)
{
    struct requests *requests = &c->requests;
    request->client = c;
    request->prev = requests->last;
    if (requests->last)
        requests->last->next = request;
    else
        requests->head = request;
    requests->last = request;
    if (!requests->unsent)
        requests->unsent = request;
    requests->len++;
    c->metrics.requests++;
    client_wake_at(c, request->deadline_ms);
    connection_want(c);
    session_begin(&c->asks);
    go_on(c);
}

/* Take over the request in any case. */
static int32_t enter(muon_client *c, struct request *request, const muon_request_opts *opts,
                     size_t len, muon_error *err)
{
    int32_t status = client_enter(c, err);
    if (status != MUON_OK) {
        request_free(request);
        return status;
    }
    if (!client_deadline(c, opts->timeout_ms, &request->deadline_ms, err))
        status = MUON_EINVAL;
    else if (len > c->asks.body_bytes)
        status = status_fail(err, MUON_ETOOBIG, "the body is over the limit of %llu bytes",
                             (unsigned long long)c->asks.body_bytes);
    else if (request->outcome->queue && !inflight_enter(&c->requests.inflight, len, 0))
        status = status_fail(err, MUON_EAGAIN,
                             "%d requests, or %d bytes of them, are in flight: "
                             "drain the queue, try again",
                             REQUESTS_ASYNC_MAX, REQUESTS_ASYNC_BYTES_MAX);
    if (status == MUON_OK) {
        if (request->outcome->queue)
            outcome_charge(request->outcome, &c->requests.inflight, len);
        submit(c, request);
    }
    client_leave(c);
    if (status != MUON_OK)
        request_free(request);
    return status;
}

int32_t muon_request_async(muon_client *c, const char *url, const void *body, size_t len,
                           const muon_request_opts *opts, muon_queue *q, uint64_t tag,
                           muon_error *err)
{
    struct request *request;
    if (!q || queue_client(q) != c)
        return status_fail(err, MUON_EINVAL, "muon_request_async: %s",
                           q ? "the queue belongs to another client" : "q must not be NULL");
    opts = opts ? opts : &no_opts;
    int32_t status = make(url, body, len, opts, q, tag, &request, err);
    return status == MUON_OK ? enter(c, request, opts, len, err) : status;
}

int32_t muon_request(muon_client *c, const char *url, const void *body, size_t len,
                     const muon_request_opts *opts, muon_reply **out, muon_error *err)
{
    struct request *request;
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_request: out must not be NULL");
    opts = opts ? opts : &no_opts;
    int32_t status = make(url, body, len, opts, NULL, 0, &request, err);
    if (status != MUON_OK)
        return status;
    struct outcome *outcome = request->outcome;
    status = enter(c, request, opts, len, err);
    if (status != MUON_OK)
        return status;
    outcome_wait(outcome);
    muon_item *item = &outcome->item;
    status = item->status;
    if (status == MUON_OK) {
        *out = item->object;
        item->object = NULL;
    } else {
        status_copy(err, item->error);
    }
    outcome_free(outcome);
    return status;
}
