/*
 * fake_bus.c - one lock, one poller; what came is kept to the end, so that tests may look at it at leisure.
 */
#include "tests/sdk/fake_bus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sdk/fake_once.h"
#include "wire/outbox.h"
#include "wire/serve.h"
#include "wire/text.h"

enum { CALLS_MAX = 64, SEEN_MAX = 4096, MESSAGES_MAX = 4096, PATIENCE_S = 60 };

struct call {
    struct fake_bus *bus;
    struct serve_call *serve;
    unsigned number;
    struct outbox outbox;
    bool is_stream, sending, unread, finishing, over, gone;
    enum reason end;
};

struct fake_bus {
    struct cq *cq;
    struct serve *serve;
    char url[64];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_stopped, confirm, held;
    enum reason refusal;
    struct bus_welcome welcome;
    struct call calls[CALLS_MAX];
    unsigned calls_len;
    struct seen seen[SEEN_MAX];
    bool taken[SEEN_MAX];
    size_t seen_len;
    unsigned counts[FRAME_BEAT + 1], most;
    struct bytes *messages[MESSAGES_MAX];
    size_t messages_len;
    struct cq_op stop;
};

/* ---- waiting ---- */

static void await(struct fake_bus *bus, const char *what)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    if (pthread_cond_clockwait(&bus->changed, &bus->mutex, CLOCK_MONOTONIC, &until) != 0) {
        fprintf(stderr, "fake_bus: waited in vain for %s\n", what);
        abort();
    }
}

/* ---- sending ---- */

static void finish(struct call *call)
{
    struct error error;
    if (call->over)
        return;
    call->over = true;
    if (call->end != REASON_NONE)
        error_set(&error, call->end, "ended by the test");
    serve_finish(call->serve, call->end != REASON_NONE ? &error : NULL);
}

static void pump(struct call *call)
{
    struct bytes *parts[128];
    if (call->sending || call->over)
        return;
    size_t n = outbox_take(&call->outbox, parts, 128, 1 << 20);
    if (n == 0) {
        if (call->finishing)
            finish(call);
        return;
    }
    call->sending = true;
    serve_send(call->serve, parts, n, false);
    for (size_t i = 0; i < n; i++)
        bytes_unref(parts[i]);
}

static struct span body_of(const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_CALL:
        return frame->call.body;
    case FRAME_ANSWER:
        return frame->answer.body;
    case FRAME_ITEM:
        return frame->item.body;
    case FRAME_CHUNK:
        return frame->chunk;
    default:
        return (struct span){NULL, 0};
    }
}

static void send_item(struct call *call, const struct bus_item *item)
{
    struct bytes *parts[2] = {bus_item_head(item), bytes_copy(item->body.data, item->body.len)};
    assert_false(call->sending);
    call->sending = true;
    serve_send(call->serve, parts, 2, false);
    bytes_unref(parts[0]);
    bytes_unref(parts[1]);
}

static void put(struct call *call, const struct frame *frame)
{
    struct span body = body_of(frame);
    struct bytes *copy = body.len ? bytes_copy(body.data, body.len) : NULL;
    assert_true(outbox_put(&call->outbox, NULL, frame, copy));
    bytes_unref(copy);
    pump(call);
}

void fake_bus_send(struct fake_bus *bus, unsigned number, const struct frame *frame)
{
    struct call *call = &bus->calls[number - 1];
    pthread_mutex_lock(&bus->mutex);
    while (call->is_stream && call->sending && !call->over)
        await(bus, "a message to be sent");
    if (call->is_stream && !call->over)
        send_item(call, &frame->item);
    else if (!call->over)
        put(call, frame);
    pthread_mutex_unlock(&bus->mutex);
}

void fake_bus_answer(struct fake_bus *bus, const struct seen *to, uint32_t status, const char *body)
{
    const struct frame frame = {.exchange = to->frame.exchange,
                                .kind = FRAME_ANSWER,
                                .answer = {.status = status,
                                           .body = text_span(body),
                                           .instance_id = text_span("instance-1")}};
    fake_bus_send(bus, to->call, &frame);
}

void fake_bus_error(struct fake_bus *bus, const struct seen *to, enum reason reason)
{
    struct error error;
    error_set(&error, reason, "said by the test");
    struct bytes *encoded = error_encode(&error);
    const struct frame frame = {
        .exchange = to->frame.exchange, .kind = FRAME_ERROR, .error = bytes_span(encoded)};
    fake_bus_send(bus, to->call, &frame);
    bytes_unref(encoded);
}

void fake_bus_credit(struct fake_bus *bus, const struct seen *to, uint32_t items, uint64_t bytes)
{
    const struct frame frame = {
        .exchange = to->frame.exchange, .kind = FRAME_CREDIT, .credit = {items, bytes}};
    fake_bus_send(bus, to->call, &frame);
}

/* ---- receiving ---- */

static struct call *call_new(struct fake_bus *bus, struct serve_call *serve)
{
    assert_true(bus->calls_len < CALLS_MAX);
    struct call *call = &bus->calls[bus->calls_len++];
    *call = (struct call){.bus = bus, .serve = serve, .number = bus->calls_len};
    serve_call_set(serve, call);
    return call;
}

static void keep(struct call *call, const struct frame *frame)
{
    struct fake_bus *bus = call->bus;
    assert_true(bus->seen_len < SEEN_MAX);
    bus->counts[frame->kind]++;
    bus->seen[bus->seen_len++] = (struct seen){call->number, *frame};
    pthread_cond_broadcast(&bus->changed);
}

static void react(struct call *call, const struct frame *frame)
{
    struct frame back = {.kind = FRAME_WELCOME, .welcome = call->bus->welcome};
    if (frame->kind == FRAME_ENDPOINT) {
        back = (struct frame){.kind = FRAME_ENDPOINT_DONE, .endpoint = frame->endpoint};
        back.endpoint.doc = (struct span){NULL, 0};
    }
    if (frame->kind == FRAME_HELLO && call->bus->refusal) {
        call->end = call->bus->refusal;
        finish(call);
    } else if (frame->kind == FRAME_HELLO || (frame->kind == FRAME_ENDPOINT && call->bus->confirm))
        put(call, &back);
}

static void connect_message(struct serve_call *serve, struct bytes *message)
{
    struct call *call = serve_call_get(serve);
    struct fake_bus *bus = call->bus;
    struct error error;
    struct frame frame;
    unsigned n = 0;
    pthread_mutex_lock(&bus->mutex);
    if (message) {
        assert_true(bus->messages_len < MESSAGES_MAX);
        bus->messages[bus->messages_len++] = bytes_ref(message);
        struct span rest = bytes_span(message);
        int more;
        while ((more = frame_next(&rest, &frame, &error)) > 0) {
            keep(call, &frame);
            react(call, &frame);
            n++;
        }
        assert_int_equal(more, 0);
        bus->most = n > bus->most ? n : bus->most;
        call->unread = bus->held;
        if (!call->over && !bus->held)
            serve_read(serve);
    } else {
        call->finishing = true;
        pump(call);
    }
    pthread_mutex_unlock(&bus->mutex);
}

static void connect_begin(struct serve_call *serve, void *service, struct bytes *message)
{
    struct fake_bus *bus = service;
    (void)message;
    pthread_mutex_lock(&bus->mutex);
    call_new(bus, serve);
    serve_read(serve);
    pthread_mutex_unlock(&bus->mutex);
}

static void stream_begin(struct serve_call *serve, void *service, struct bytes *message)
{
    struct fake_bus *bus = service;
    struct frame frame = {.kind = FRAME_CALL};
    struct error error;
    pthread_mutex_lock(&bus->mutex);
    struct call *call = call_new(bus, serve);
    call->is_stream = true;
    bus->messages[bus->messages_len++] = bytes_ref(message);
    assert_int_equal(bus_stream_decode(bytes_span(message), &frame.call, &error), REASON_NONE);
    keep(call, &frame);
    pthread_mutex_unlock(&bus->mutex);
}

static void sent(struct serve_call *serve, bool ok)
{
    struct call *call = serve_call_get(serve);
    struct fake_bus *bus = call->bus;
    pthread_mutex_lock(&bus->mutex);
    call->sending = false;
    if (ok)
        pump(call);
    else
        finish(call);
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->mutex);
}

static void lost(struct serve_call *serve)
{
    struct call *call = serve_call_get(serve);
    pthread_mutex_lock(&call->bus->mutex);
    finish(call);
    pthread_mutex_unlock(&call->bus->mutex);
}

static void gone(struct serve_call *serve)
{
    struct call *call = serve_call_get(serve);
    if (!call)
        return;
    pthread_mutex_lock(&call->bus->mutex);
    call->over = call->gone = true;
    outbox_clear(&call->outbox);
    pthread_cond_broadcast(&call->bus->changed);
    pthread_mutex_unlock(&call->bus->mutex);
}

/* ---- the methods ---- */

static void lost_unary(struct serve_call *serve)
{
    (void)serve; /* it was answered as it began */
}

static const struct serve_method store[] = {
    {"/muon.v1.PhotonService/Info", false, false, fake_once_info, NULL, NULL, lost_unary, gone},
};
static const struct serve_method methods[] = {
    {"/muon.v1.BusService/Connect", true, true, connect_begin, connect_message, sent, lost, gone},
    {"/muon.v1.BusService/Stream", false, true, stream_begin, NULL, sent, lost, gone},
    {"/muon.v1.BusService/Discover", false, true, fake_once_discover, NULL, NULL, lost_unary, gone},
    {"/muon.v1.BusService/Introspect", false, false, fake_once_introspect, NULL, NULL, lost_unary,
     gone},
};

/* ---- life ---- */

struct fake_bus *fake_bus_new(void)
{
    static const struct serve_options options = {8 << 20, 0, 16384, 1000, NULL};
    struct fake_bus *bus = calloc(1, sizeof *bus);
    struct error error;
    assert_non_null(bus);
    pthread_mutex_init(&bus->mutex, NULL);
    pthread_cond_init(&bus->changed, NULL);
    bus->confirm = true;
    bus->welcome = (struct bus_welcome){.store_id = text_span("store"),
                                        .beat_ms = 60000,
                                        .max_calls = 256,
                                        .frame_bytes = BUS_FRAME_BYTES,
                                        .body_bytes = 4 << 20};
    bus->cq = cq_open(1);
    const struct serve_service services[] = {
        {"muon.v1.PhotonService", store, sizeof store / sizeof *store, bus, NULL},
        {"muon.v1.BusService", methods, sizeof methods / sizeof *methods, bus, NULL},
    };
    bus->serve = serve_new(bus->cq, services, 2, &options);
    int port = serve_listen(bus->serve, "127.0.0.1:0", NULL, &error);
    assert_true(port > 0);
    snprintf(bus->url, sizeof bus->url, "muon+insecure://127.0.0.1:%d", port);
    serve_start(bus->serve);
    return bus;
}

static void stopped(struct cq_op *op, bool ok)
{
    (void)ok;
    struct fake_bus *bus = (struct fake_bus *)((char *)op - offsetof(struct fake_bus, stop));
    pthread_mutex_lock(&bus->mutex);
    bus->is_stopped = true;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->mutex);
}

void fake_bus_free(struct fake_bus *bus)
{
    bus->stop.done = stopped;
    serve_stop(bus->serve, &bus->stop);
    serve_cancel_all(bus->serve);
    pthread_mutex_lock(&bus->mutex);
    while (!bus->is_stopped)
        await(bus, "the server's end");
    pthread_mutex_unlock(&bus->mutex);
    serve_free(bus->serve);
    cq_close(bus->cq);
    for (size_t i = 0; i < bus->messages_len; i++)
        bytes_unref(bus->messages[i]);
    free(bus);
}

const char *fake_bus_url(const struct fake_bus *bus)
{
    return bus->url;
}

/* ---- for tests ---- */

void fake_bus_welcome(struct fake_bus *bus, const struct bus_welcome *welcome)
{
    pthread_mutex_lock(&bus->mutex);
    bus->welcome = *welcome;
    pthread_mutex_unlock(&bus->mutex);
}

void fake_bus_refuse(struct fake_bus *bus, enum reason reason)
{
    pthread_mutex_lock(&bus->mutex);
    bus->refusal = reason;
    pthread_mutex_unlock(&bus->mutex);
}

void fake_bus_confirm(struct fake_bus *bus, bool confirm)
{
    pthread_mutex_lock(&bus->mutex);
    bus->confirm = confirm;
    pthread_mutex_unlock(&bus->mutex);
}

void fake_bus_hold(struct fake_bus *bus, bool hold)
{
    pthread_mutex_lock(&bus->mutex);
    bus->held = hold;
    for (unsigned i = 0; !hold && i < bus->calls_len; i++) {
        struct call *call = &bus->calls[i];
        if (call->unread && !call->over)
            serve_read(call->serve);
        call->unread = false;
    }
    pthread_mutex_unlock(&bus->mutex);
}

struct seen fake_bus_next(struct fake_bus *bus, enum frame_kind kind)
{
    pthread_mutex_lock(&bus->mutex);
    size_t i = 0;
    for (;; i++) {
        while (i == bus->seen_len)
            await(bus, "a frame");
        if (bus->seen[i].frame.kind == kind && !bus->taken[i])
            break;
    }
    bus->taken[i] = true;
    struct seen seen = bus->seen[i];
    pthread_mutex_unlock(&bus->mutex);
    return seen;
}

unsigned fake_bus_count(struct fake_bus *bus, enum frame_kind kind)
{
    pthread_mutex_lock(&bus->mutex);
    unsigned count = bus->counts[kind];
    pthread_mutex_unlock(&bus->mutex);
    return count;
}

unsigned fake_bus_most(struct fake_bus *bus)
{
    pthread_mutex_lock(&bus->mutex);
    unsigned most = bus->most;
    pthread_mutex_unlock(&bus->mutex);
    return most;
}

void fake_bus_cut(struct fake_bus *bus, unsigned number, enum reason reason)
{
    struct call *call = &bus->calls[number - 1];
    pthread_mutex_lock(&bus->mutex);
    call->end = reason;
    call->finishing = true;
    pump(call);
    pthread_mutex_unlock(&bus->mutex);
}

void fake_bus_wait_gone(struct fake_bus *bus, unsigned number)
{
    pthread_mutex_lock(&bus->mutex);
    while (!bus->calls[number - 1].gone)
        await(bus, "the end of a call");
    pthread_mutex_unlock(&bus->mutex);
}
