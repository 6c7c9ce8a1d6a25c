/*
 * request.c - see request.h.
 *
 * A body that is too large for one frame goes to the responder in pieces, as its credit allows; an answer is put together again. The
 * call's deadline is the exchange's; a client that leaves cancels.
 */
#include "bus/request.h"

#include <stdlib.h>

#include "bus/plain.h"
#include "wire/text.h"

enum { ANSWER_CREDIT = 256 * 1024 };

struct request {
    struct task task;
    struct bus *bus;
    struct serve_call *call;
    struct end *end; /* NULL: the exchange is over */
    struct exchange_rest rest;
    struct bus_answer answer; /* its texts are head's */
    struct bytes *head;
    struct plain_body body;
    struct plain_failure failure;
    bool finished;
};

/* ---- the answer ---- */

/* All of the answer but its body, encoded while its texts are there: the length of the body is known. */
static void answer_begin(struct request *r, const struct frame *frame, struct bytes *piece)
{
    static const uint8_t nothing[1];
    struct bus_answer answer = frame->answer;
    struct error error;
    if (answer.body_bytes)
        answer.body =
            (struct span){nothing, (size_t)answer.body_bytes}; /* only its length counts */
    r->head = bus_response_encode(&answer);
    if (r->head && plain_body_begin(&r->body, piece, answer.body_bytes))
        return;
    error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
    error.maybe_applied = true;
    plain_fail(&r->failure, &error);
    core_task(r->bus, &r->task);
}

/* What has been put together makes room for as much. */
static void answer_credit(struct request *r, size_t len)
{
    if (r->end && !plain_body_whole(&r->body))
        exchange_credit(r->end, 0, len);
}

static void put(struct end *end, struct frame *frame, struct bytes *body)
{
    struct request *r = end->owner;
    switch (frame->kind) {
    case FRAME_ANSWER:
        answer_begin(r, frame, body);
        answer_credit(r, body ? body->len : 0);
        break;
    case FRAME_CHUNK:
        if (!r->failure.reason) {
            plain_body_add(&r->body, body);
            answer_credit(r, body->len);
        }
        break;
    case FRAME_ERROR:
        plain_fail_frame(&r->failure, frame);
        break;
    case FRAME_CREDIT:
        exchange_go_on(end, &r->rest);
        break;
    default:
        break;
    }
}

static void over(struct end *end)
{
    struct request *r = end->owner;
    r->end = NULL;
    core_task(r->bus, &r->task);
}

static const struct end_ops ops = {put, over};

/* ---- the call ---- */

/* The call may be no more once it has been sent. */
static void answer_send(struct request *r)
{
    struct bus *bus = r->bus;
    struct serve_call *call = r->call;
    struct bytes *parts[2] = {bytes_ref(r->head), r->body.bytes ? bytes_ref(r->body.bytes) : NULL};
    pthread_mutex_unlock(&bus->lock);
    serve_send_last(call, parts, parts[1] ? 2 : 1);
    bytes_unref(parts[0]);
    bytes_unref(parts[1]);
    pthread_mutex_lock(&bus->lock);
}

static void run(struct task *task)
{
    struct request *r = (struct request *)((char *)task - offsetof(struct request, task));
    struct bus *bus = r->bus;
    if (r->finished)
        return;
    if (r->failure.reason && r->end)
        exchange_lost(r->end);
    if (r->end)
        return;
    r->finished = true;
    if (r->failure.reason)
        plain_finish(bus, r->call, &r->failure);
    else
        answer_send(r);
}

static void lost(struct serve_call *call)
{
    struct request *r = serve_call_get(call);
    struct error error;
    if (!r)
        return;
    error_set(&error, REASON_CALLER_GONE, "the client has gone");
    core_enter(r->bus);
    plain_fail(&r->failure, &error);
    if (r->end)
        exchange_lost(r->end);
    core_leave(r->bus);
}

static void gone(struct serve_call *call)
{
    struct request *r = serve_call_get(call);
    if (!r)
        return;
    core_enter(r->bus); /* its task may be queued once more: let it run */
    core_leave(r->bus);
    exchange_rest_fini(&r->rest);
    plain_body_clear(&r->body);
    plain_failure_clear(&r->failure);
    bytes_unref(r->head);
    free(r);
}

/* Begin the exchange; a fault becomes the call's end. */
static enum reason start(struct request *r, struct bus_call *call, struct bytes *message,
                         struct error *error)
{
    struct exchange *x = exchange_new(r->bus);
    struct bytes *body = call->body.len ? bytes_slice(message, call->body) : NULL;
    struct bytes *first = body ? exchange_first(&r->rest, body) : NULL;
    enum reason reason = error_set(error, REASON_BUSY, "photond is out of memory: retry later");
    if (x && (!call->body.len || first)) {
        if (r->rest.whole)
            call->body_bytes = call->body.len;
        if (first)
            call->body = bytes_span(first);
        x->caller.ops = &ops;
        x->caller.owner = r;
        x->caller.call = r->call;
        r->end = &x->caller;
        reason = exchange_begin(x, call, first, error);
    }
    if (reason != REASON_NONE) {
        r->end = NULL;
        if (x)
            exchange_unref(x);
    }
    bytes_unref(first);
    bytes_unref(body);
    return reason;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct bus *bus = service;
    struct bus_call request;
    struct error error;
    struct request *r = calloc(1, sizeof *r);
    enum reason reason =
        r ? bus_request_decode(bytes_span(message), &request, &error)
          : error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
    serve_call_set(call, r);
    if (reason != REASON_NONE) {
        free(r);
        serve_call_set(call, NULL);
        serve_finish(call, &error);
        return;
    }
    r->bus = bus;
    r->call = call;
    r->task.run = run;
    request.timeout_ms = plain_left_ms(call);
    request.caller = text_span(serve_call_identity(call));
    request.credit_bytes = ANSWER_CREDIT;
    core_enter(bus);
    if (start(r, &request, message, &error) != REASON_NONE) {
        plain_fail(&r->failure, &error);
        core_task(bus, &r->task);
    }
    core_leave(bus);
}

const struct serve_method request_method = {
    .path = "/muon.v1.BusService/Request", .begin = begin, .lost = lost, .gone = gone};
