/*
 * session.c - see session.h.
 *
 * A message is taken apart frame by frame: decoded outside the lock, acted upon under it. What is to be sent gathers in the outbox; the
 * session's task hands it to gRPC, one message at a time, when the lock is given back. A session that does not read is not read either
 * once its outbox is full, and gets no new exchange; what others send it, with the credit that it has given, goes on to gather, and when that
 * is more than the settings allow, it is ended.
 *
 * It ends when the client has sent its last, is lost or silent, has broken the contract, was replaced, or has nothing left to do
 * while photond drains. All exchanges are told at once; then the last words leave, if they can, and the call is finished. A peer that does
 * not even take these is cut off two beats later.
 */
#include "bus/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/discover.h"
#include "bus/exchange.h"
#include "bus/session-end.h"
#include "wire/codec-error.h"
#include "wire/text.h"

enum {
    MESSAGE_BYTES = 256 * 1024, /* about so much in a message */
    COPY_BYTES = 1024           /* a body up to here is copied: it would hold its whole message */
};

/* ---- sending ---- */

static void run(struct task *task)
{
    struct session *s = (struct session *)((char *)task - offsetof(struct session, task));
    struct bus *bus = s->bus;
    struct bytes *parts[128];
    if (!s->ended && s->out_of_memory) /* even while something is on its way: it may stay there */
        session_end(s, REASON_BUSY, "photond is out of memory: connect again later");
    if (!s->ended && s->overrun)
        session_end(s, REASON_BUSY,
                    "what the client has asked for waits, and it does not read it: connect again, "
                    "and give less credit");
    if (s->sending || s->finished)
        return;
    if (bus->draining && s->ends.len == 0 && s->outbox.bytes == 0)
        session_end(s, REASON_SHUTTING_DOWN, "the store is going down: connect again");
    size_t len = s->lost ? 0 : outbox_take(&s->outbox, parts, 128, MESSAGE_BYTES);
    if (len) {
        s->sending = true;
        s->said_ms = cq_mono_ms();
        pthread_mutex_unlock(&bus->lock);
        serve_send(s->call, parts, len, false);
        for (size_t i = 0; i < len; i++)
            bytes_unref(parts[i]);
        pthread_mutex_lock(&bus->lock);
        return;
    }
    if (!s->ended)
        return;
    struct error error;
    s->finished = true;
    session_uncount(s); /* before its client can know that it is over */
    if (s->reason) {
        error_set(&error, s->reason, "%s", s->why);
        memcpy(error.request_id, s->request_id, sizeof error.request_id);
    }
    pthread_mutex_unlock(&bus->lock);
    serve_finish(s->call, s->reason ? &error : NULL);
    pthread_mutex_lock(&bus->lock);
}

static void read_on(struct session *s)
{
    if (s->reading || s->ended || s->outbox.bytes > SESSION_OUTBOX_BYTES)
        return;
    s->reading = true;
    s->heard_ms = cq_mono_ms();
    serve_read(s->call);
}

/* ---- beats ---- */

static void beat(struct due *due)
{
    struct session *s = (struct session *)((char *)due - offsetof(struct session, due));
    struct frame frame = {.kind = FRAME_BEAT};
    int64_t now = cq_mono_ms(), beat_ms = s->bus->options.beat_ms;
    if (s->ended) { /* and its last words have not left */
        serve_cancel(s->call);
        return;
    }
    if (now - s->heard_ms >= 2 * beat_ms) {
        session_end(s, REASON_TIMED_OUT, "nothing was heard for two beats");
        return;
    }
    if (now - s->said_ms >= beat_ms) {
        if (!s->sending) /* what is on its way is a sign of life, too */
            session_put(s, NULL, &frame, NULL);
        s->said_ms = now;
    }
    int64_t silent_ms = s->heard_ms + 2 * beat_ms, next_ms = s->said_ms + beat_ms;
    core_due(s->bus, &s->due, silent_ms < next_ms ? silent_ms : next_ms);
}

/* ---- frames of the session itself ---- */

static void violated(struct session *s, const char *what)
{
    session_end(s, REASON_INVALID_ARGUMENT, what);
}

static void welcome(struct session *s)
{
    const struct bus_options *o = &s->bus->options;
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.store_id = text_span(o->store_id),
                                      .beat_ms = o->beat_ms,
                                      .max_calls = BUS_CALLS_MAX,
                                      .frame_bytes = BUS_FRAME_BYTES,
                                      .body_bytes = o->body_bytes}};
    session_put(s, NULL, &frame, NULL);
}

static void hello(struct session *s, const struct bus_hello *hello)
{
    struct error error;
    if (s->welcomed) {
        violated(s, "a second Hello");
        return;
    }
    if (hello->service.len && registry_join(s->bus, hello, serve_call_identity(s->call), false,
                                            &s->instance, &error) != REASON_NONE) {
        session_end(s, error.reason, error.message);
        return;
    }
    s->welcomed = true;
    if (s->instance) {
        s->instance->ops = &session_instance_ops;
        s->instance->owner = s;
    }
    welcome(s);
}

static void endpoint(struct session *s, const struct bus_endpoint *endpoint)
{
    struct error error;
    if (!s->instance) {
        violated(s, "an Endpoint, but Hello named no service");
        return;
    }
    if (endpoint->removed) {
        registry_unserve(s->bus, s->instance, endpoint);
    } else if (registry_serve(s->bus, s->instance, endpoint, &error) != REASON_NONE) {
        session_end(s, error.reason, error.message);
        return;
    }
    struct frame frame = {.kind = FRAME_ENDPOINT_DONE, .endpoint = *endpoint};
    frame.endpoint.doc.len = 0;
    session_put(s, NULL, &frame, NULL);
}

static void drain(struct session *s)
{
    if (!s->instance)
        return;
    s->instance->draining = true;
    discover_changed(s->bus);
}

static void own_frame(struct session *s, struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_HELLO:
        hello(s, &frame->hello);
        break;
    case FRAME_ENDPOINT:
        endpoint(s, &frame->endpoint);
        break;
    case FRAME_DRAIN:
        drain(s);
        break;
    case FRAME_BEAT:
        break;
    default:
        violated(s, "a frame of exchange 0 that is only sent by the store, or belongs to an "
                    "exchange");
    }
}

/* ---- frames of exchanges ---- */

/* An exchange that did not begin: its Error, and no trace of it. */
static void refuse(struct session *s, uint64_t number, struct error *error)
{
    serve_failed(s->call, error);
    struct bytes *encoded = error_encode(error);
    struct frame frame = {.exchange = number, .kind = FRAME_ERROR};
    if (encoded)
        frame.error = bytes_span(encoded);
    session_put(s, NULL, &frame, NULL);
    bytes_unref(encoded);
}

static void call(struct session *s, struct frame *frame, struct bytes *body)
{
    struct error error;
    enum reason reason;
    if (frame->exchange % 2 == 0 || frame->exchange <= s->last_client) {
        violated(s, "a Call whose number is even or has not risen");
        return;
    }
    s->last_client = frame->exchange;
    struct exchange *x = s->calls < BUS_CALLS_MAX ? exchange_new(s->bus) : NULL;
    if (!x) {
        error_set(&error, REASON_BUSY, "%u exchanges are under way on this session: retry later",
                  s->calls);
        s->bus->counts.refused[REASON_BUSY]++;
        refuse(s, frame->exchange, &error);
        return;
    }
    frame->call.caller = text_span(serve_call_identity(s->call));
    session_own(s, &x->caller, frame->exchange);
    reason = exchange_begin(x, &frame->call, body, &error);
    if (reason == REASON_NONE)
        return;
    session_disown(s, &x->caller);
    exchange_unref(x);
    refuse(s, frame->exchange, &error);
}

static void exchange_of(struct session *s, struct frame *frame, struct bytes *body)
{
    uint64_t begun = frame->exchange % 2 ? s->last_client : s->last_server;
    struct end *end = session_find(s, frame->exchange);
    if (!end && frame->exchange > begun)
        violated(s, "a frame of an exchange that has not begun");
    else if (end && !exchange_frame(end, frame, body))
        violated(s, "a frame that this side of an exchange may not send");
}

static void take(struct session *s, struct frame *frame, struct bytes *body)
{
    s->heard_ms = cq_mono_ms();
    if (!s->welcomed && frame->kind != FRAME_HELLO)
        violated(s, "the first frame must be a Hello");
    else if (frame->exchange == 0)
        own_frame(s, frame);
    else if (frame->kind == FRAME_CALL)
        call(s, frame, body);
    else
        exchange_of(s, frame, body);
}

/* The frame's body as bytes of its own; NULL: it has none, or (false) no memory. */
static bool cut(const struct frame *frame, struct bytes *message, struct bytes **body)
{
    struct span view = frame->kind == FRAME_CALL     ? frame->call.body
                       : frame->kind == FRAME_ANSWER ? frame->answer.body
                       : frame->kind == FRAME_ITEM   ? frame->item.body
                       : frame->kind == FRAME_CHUNK  ? frame->chunk
                                                     : (struct span){NULL, 0};
    *body = NULL;
    if (view.len == 0)
        return true;
    *body = view.len <= COPY_BYTES ? bytes_copy(view.data, view.len) : bytes_slice(message, view);
    return *body != NULL;
}

/* ---- the call ---- */

/* false: the session has ended. */
static bool next_frame(struct session *s, struct bytes *message, struct span *rest)
{
    struct frame frame;
    struct error error = {0};
    struct bytes *body = NULL;
    int got = frame_next(rest, &frame, &error);
    bool memory = got <= 0 || cut(&frame, message, &body);
    pthread_mutex_lock(&s->bus->lock);
    if (!s->ended && got < 0)
        violated(s, error.message);
    else if (!s->ended && !memory)
        session_end(s, REASON_BUSY, "photond is out of memory: connect again later");
    else if (!s->ended && got > 0)
        take(s, &frame, body);
    bool more = !s->ended && got > 0;
    pthread_mutex_unlock(&s->bus->lock);
    bytes_unref(body);
    return more;
}

static void message(struct serve_call *call, struct bytes *message)
{
    struct session *s = serve_call_get(call);
    struct span rest = message ? bytes_span(message) : (struct span){NULL, 0};
    while (message && next_frame(s, message, &rest)) {
    }
    core_enter(s->bus);
    s->reading = false;
    if (!message)
        session_end(s, REASON_NONE, "");
    core_leave(s->bus); /* what has come goes on its way before more is asked for */
    core_enter(s->bus);
    read_on(s);
    core_leave(s->bus);
}

static void sent(struct serve_call *call, bool ok)
{
    struct session *s = serve_call_get(call);
    (void)ok; /* broken: lost follows */
    core_enter(s->bus);
    s->sending = false;
    if (!s->reading) /* what is not read cannot be heard; taking what is sent is a sign of life, too */
        s->heard_ms = cq_mono_ms();
    session_release(s);
    read_on(s);
    core_task(s->bus, &s->task);
    core_leave(s->bus);
}

static void lost(struct serve_call *call)
{
    struct session *s = serve_call_get(call);
    if (!s)
        return;
    core_enter(s->bus);
    s->lost = true;
    session_end(s, REASON_CALLER_GONE, "the client has gone");
    core_leave(s->bus);
}

static void gone(struct serve_call *call)
{
    struct session *s = serve_call_get(call);
    if (!s)
        return;
    core_enter(s->bus);
    session_remove(s);
    core_leave(s->bus); /* its task may be queued once more: it runs now */
    outbox_clear(&s->outbox);
    hash_fini(&s->ends);
    free(s);
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    struct bus *bus = service;
    struct error error;
    struct session *s = calloc(1, sizeof *s);
    serve_call_set(call, s);
    if (!s) {
        error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
        serve_finish(call, &error);
        return;
    }
    s->bus = bus;
    s->call = call;
    s->task.run = run;
    s->due.run = beat;
    core_enter(bus);
    session_add(s);
    read_on(s);
    core_leave(bus);
}

const struct serve_method session_method = {.path = "/muon.v1.BusService/Connect",
                                            .takes_stream = true,
                                            .gives_stream = true,
                                            .begin = begin,
                                            .message = message,
                                            .sent = sent,
                                            .lost = lost,
                                            .gone = gone};
