/*
 * fake.c - one lock, one poller; each call does one thing at a time.
 */
#include "tests/sdk/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/codec.h"
#include "wire/pb.h"
#include "wire/serve.h"
#include "wire/text.h"

enum { EVENTS_MAX = 20000, CALLS_MAX = 256, STEPS = 5, PARTS_MAX = 8192 };

struct stored {
    struct bytes *raw; /* with the store's fields */
    struct event event;
    char *payload;
};

struct call {
    struct fake *fake;
    struct serve_call *serve;
    struct subscribe_request ask;
    struct bytes *request;
    size_t cursor;
    uint64_t left;
    bool subscribes, sending, caught_up, finishing, over;
};

struct fake {
    struct cq *cq;
    struct serve *serve;
    char url[64];
    fake_hook hook;
    void *user;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    bool is_stopped;
    unsigned steps[STEPS];
    size_t page, most_emits;
    struct error refusal;
    struct stored events[EVENTS_MAX];
    size_t events_len;
    struct call *calls[CALLS_MAX];
    struct cq_op stop;
};

/* ---- calls ---- */

static struct call *call_new(struct fake *fake, struct serve_call *serve)
{
    struct call *call = calloc(1, sizeof *call);
    assert_non_null(call);
    call->fake = fake;
    call->serve = serve;
    serve_call_set(serve, call);
    size_t i = 0;
    while (i < CALLS_MAX && fake->calls[i])
        i++;
    assert_true(i < CALLS_MAX);
    fake->calls[i] = call;
    return call;
}

static void gone(struct serve_call *serve)
{
    struct call *call = serve_call_get(serve);
    struct fake *fake = call->fake;
    pthread_mutex_lock(&fake->mutex);
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (fake->calls[i] == call)
            fake->calls[i] = NULL;
    pthread_mutex_unlock(&fake->mutex);
    bytes_unref(call->request);
    free(call);
}

static void finish(struct call *call, const struct error *error)
{
    if (call->over)
        return;
    call->over = true;
    serve_finish(call->serve, error);
}

static void lost(struct serve_call *serve)
{
    struct call *call = serve_call_get(serve);
    struct fake *fake = call->fake;
    pthread_mutex_lock(&fake->mutex);
    finish(call, NULL);
    pthread_mutex_unlock(&fake->mutex);
}

static enum fake_act act(struct fake *fake, enum fake_step step)
{
    fake->steps[step]++;
    return fake->hook ? fake->hook(fake->user, step, fake->steps[step]) : FAKE_GO;
}

/* Ends the call, or leaves it hanging, unless the act is to go on. */
static bool goes_on(struct call *call, enum fake_act act)
{
    struct error error;
    struct bytes *garbage;
    if (act == FAKE_CUT || act == FAKE_CUT_AFTER) {
        error_set(&error, REASON_SHUTTING_DOWN, "cut by the test");
        finish(call, &error);
    } else if (act == FAKE_REFUSE) {
        finish(call, &call->fake->refusal);
    } else if (act == FAKE_GARBAGE) {
        garbage = bytes_copy("\x0a\x7fgarbage", 9);
        call->sending = true;
        serve_send(call->serve, &garbage, 1, false);
        bytes_unref(garbage);
    }
    call->finishing = act == FAKE_LAST;
    return act == FAKE_GO || act == FAKE_LAST;
}

/* ---- storing ---- */

static uint64_t version_of(const struct fake *fake, struct span stream)
{
    uint64_t version = 0;
    for (size_t i = 0; i < fake->events_len; i++)
        if (text_equal(fake->events[i].event.stream_name, stream))
            version = fake->events[i].event.version;
    return version;
}

static const struct stored *find(const struct fake *fake, struct span event_id)
{
    for (size_t i = 0; i < fake->events_len; i++)
        if (text_equal(fake->events[i].event.event_id, event_id))
            return &fake->events[i];
    return NULL;
}

static void store(struct fake *fake, const struct event *event)
{
    uint64_t order_id = fake->events_len + 1, version = version_of(fake, event->stream_name) + 1;
    assert_true(fake->events_len < EVENTS_MAX);
    struct bytes *raw = bytes_new(event->raw.len + pb_uint_size(13, order_id) +
                                  pb_uint_size(14, version) + pb_uint_size(15, 1));
    memcpy(raw->data, event->raw.data, event->raw.len);
    uint8_t *at = pb_put_uint(raw->data + event->raw.len, 13, order_id);
    at = pb_put_uint(at, 14, version);
    pb_put_uint(at, 15, 1);
    struct stored *stored = &fake->events[fake->events_len++];
    stored->raw = raw;
    assert_true(event_read(bytes_span(raw), &stored->event));
    const struct span payload = stored->event.payload;
    stored->payload = payload.len ? strndup((const char *)payload.data, payload.len) : strdup("");
}

/* Store one batch; its answer. Expectations of versions are kept, others are not known here. */
static struct bytes *answer(struct fake *fake, uint64_t number, struct span raw)
{
    static const struct limits limits = {1 << 20, 4 << 20, 1000, 255};
    struct emit_request request;
    struct error error;
    if (emit_request_decode(raw, &limits, &request, &error) != REASON_NONE)
        return emit_result_part(number, NULL, &error);
    for (size_t i = 0; i < request.expects_len; i++) {
        const struct expect *expect = &request.expects[i];
        uint64_t version = version_of(fake, expect->stream_name);
        if (expect->kind == EXPECT_VERSION && expect->version != version) {
            error_set(&error, REASON_WRONG_VERSION, "the version is another");
            error.wrong_versions = 1;
            error.wrong_version[0].version = version;
            emit_request_fini(&request);
            return emit_result_part(number, NULL, &error);
        }
    }
    struct stored_at *places = calloc(request.events_len, sizeof *places);
    bool duplicate = find(fake, request.events[0].event_id) != NULL;
    for (size_t i = 0; i < request.events_len; i++) {
        if (!duplicate)
            store(fake, &request.events[i]);
        const struct stored *stored = find(fake, request.events[i].event_id);
        places[i] = (struct stored_at){stored->event.order_id, stored->event.version};
    }
    const struct emit_response response = {duplicate, places, request.events_len, 1};
    struct bytes *part = emit_result_part(number, &response, NULL);
    free(places);
    emit_request_fini(&request);
    return part;
}

/* ---- subscriptions ---- */

static bool matches(const struct subscribe_request *ask, const struct event *event)
{
    bool all = text_equal(ask->stream_name, text_span("__all__"));
    if (!all && !text_equal(ask->stream_name, event->stream_name))
        return false;
    return ask->from_kind == FROM_BEGIN ||
           (ask->from_kind == FROM_ORDER_ID && event->order_id >= ask->from) ||
           (ask->from_kind == FROM_VERSION && event->version >= ask->from) ||
           ask->from_kind == FROM_TIME;
}

/* The next page, framed; *reached: the cursor is at the end. */
static struct bytes *page(struct call *call, bool *reached)
{
    struct fake *fake = call->fake;
    size_t n = 0, size = 0;
    uint8_t *buffer = malloc(8 << 20), *at = buffer;
    for (; call->cursor < fake->events_len && n < fake->page && call->left > 0; call->cursor++) {
        const struct stored *stored = &fake->events[call->cursor];
        if (!matches(&call->ask, &stored->event))
            continue;
        at = pb_put_bytes(at, 1, bytes_span(stored->raw));
        n++;
        call->left--;
    }
    *reached = call->cursor == fake->events_len || call->left == 0;
    if (*reached && !call->caught_up && call->subscribes) {
        call->caught_up = true;
        at += marker_caught_up(at, fake->events_len);
    }
    size = (size_t)(at - buffer);
    struct bytes *message = size ? bytes_copy(buffer, size) : NULL;
    free(buffer);
    return message;
}

static void pump(struct call *call)
{
    bool reached;
    if (call->sending || call->over)
        return;
    struct bytes *message = page(call, &reached);
    bool ends = reached && (!call->subscribes || call->ask.type == STREAM_COLD);
    if (!message) {
        if (ends)
            finish(call, NULL);
        return;
    }
    if (goes_on(call, act(call->fake, FAKE_EVENTS))) {
        call->sending = true;
        call->finishing = ends;
        serve_send(call->serve, &message, 1, false);
    }
    bytes_unref(message);
}

static void pump_all(struct fake *fake)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (fake->calls[i] && fake->calls[i]->request)
            pump(fake->calls[i]);
}

/* ---- methods ---- */

static void info_begin(struct serve_call *serve, void *service, struct bytes *message)
{
    static const struct info info = {.store_id = "8f7e9c30-0000-7000-8000-000000000001",
                                     .incarnation = 1,
                                     .limits = {1 << 20, 4 << 20, 1000, 255},
                                     .version = "0"};
    struct fake *fake = service;
    (void)message;
    pthread_mutex_lock(&fake->mutex);
    struct call *call = call_new(fake, serve);
    enum fake_act what = act(fake, FAKE_INFO);
    if (what == FAKE_GARBAGE || goes_on(call, what)) {
        call->over = true;
        struct bytes *reply =
            what == FAKE_GO ? info_response_encode(&info) : bytes_copy("\x0a\x7f", 2);
        serve_reply(serve, reply);
        bytes_unref(reply);
    }
    pthread_mutex_unlock(&fake->mutex);
}

static void emit_begin(struct serve_call *serve, void *service, struct bytes *message)
{
    struct fake *fake = service;
    (void)message;
    pthread_mutex_lock(&fake->mutex);
    call_new(fake, serve);
    serve_read(serve);
    pthread_mutex_unlock(&fake->mutex);
}

static void emit_message(struct serve_call *serve, struct bytes *message)
{
    struct call *call = serve_call_get(serve);
    struct fake *fake = call->fake;
    pthread_mutex_lock(&fake->mutex);
    if (!message) {
        finish(call, NULL);
        pthread_mutex_unlock(&fake->mutex);
        return;
    }
    enum fake_act what = act(fake, FAKE_EMIT);
    static struct bytes *parts[PARTS_MAX]; /* one poller */
    size_t n = 0;
    struct span rest = bytes_span(message), request;
    uint64_t number;
    while ((what == FAKE_GO || what == FAKE_LAST || what == FAKE_CUT_AFTER) && n < PARTS_MAX &&
           emit_stream_next(&rest, &number, &request) > 0)
        parts[n++] = answer(fake, number, request);
    fake->most_emits = n > fake->most_emits ? n : fake->most_emits;
    if (goes_on(call, what) && !call->over) {
        size_t size = 0, at = 0;
        for (size_t i = 0; i < n; i++)
            size += parts[i]->len;
        struct bytes *reply = bytes_new(size);
        for (size_t i = 0; i < n; at += parts[i++]->len)
            memcpy(reply->data + at, parts[i]->data, parts[i]->len);
        serve_send(serve, &reply, 1, false);
        bytes_unref(reply);
    }
    for (size_t i = 0; i < n; i++)
        bytes_unref(parts[i]);
    pump_all(fake);
    pthread_mutex_unlock(&fake->mutex);
}

static void sent(struct serve_call *serve, bool ok)
{
    struct call *call = serve_call_get(serve);
    struct fake *fake = call->fake;
    pthread_mutex_lock(&fake->mutex);
    call->sending = false;
    if (call->finishing || !ok)
        finish(call, NULL);
    else if (call->request)
        pump(call);
    else if (!call->over)
        serve_read(serve);
    pthread_mutex_unlock(&fake->mutex);
}

static void follow(struct serve_call *serve, struct fake *fake, struct bytes *message,
                   bool subscribes, enum fake_step step)
{
    struct error error;
    pthread_mutex_lock(&fake->mutex);
    struct call *call = call_new(fake, serve);
    call->subscribes = subscribes;
    call->request = bytes_ref(message);
    enum reason reason = subscribes
                             ? subscribe_request_decode(bytes_span(message), &call->ask, &error)
                             : read_request_decode(bytes_span(message), &call->ask, &error);
    call->left = call->ask.limit ? call->ask.limit : UINT64_MAX;
    if (call->ask.type == STREAM_HOT && subscribes)
        call->cursor = fake->events_len;
    if (reason != REASON_NONE)
        finish(call, &error);
    else if (goes_on(call, act(fake, step)))
        pump(call);
    pthread_mutex_unlock(&fake->mutex);
}

static void subscribe_begin(struct serve_call *serve, void *service, struct bytes *message)
{
    follow(serve, service, message, true, FAKE_SUBSCRIBE);
}

static void read_begin(struct serve_call *serve, void *service, struct bytes *message)
{
    follow(serve, service, message, false, FAKE_READ);
}

static const struct serve_method methods[] = {
    {"/muon.v1.PhotonService/Info", false, false, info_begin, NULL, NULL, lost, gone},
    {"/muon.v1.PhotonService/EmitStream", true, true, emit_begin, emit_message, sent, lost, gone},
    {"/muon.v1.PhotonService/Subscribe", false, true, subscribe_begin, NULL, sent, lost, gone},
    {"/muon.v1.PhotonService/Read", false, true, read_begin, NULL, sent, lost, gone},
};

/* ---- life ---- */

struct fake *fake_new(fake_hook hook, void *user)
{
    static const struct serve_options options = {8 << 20, 0, 16384, 1000, NULL};
    struct fake *fake = calloc(1, sizeof *fake);
    struct error error;
    assert_non_null(fake);
    pthread_mutex_init(&fake->mutex, NULL);
    pthread_cond_init(&fake->stopped, NULL);
    fake->hook = hook;
    fake->user = user;
    fake->page = 10;
    fake->cq = cq_open(1);
    const struct serve_service service = {"muon.v1.PhotonService", methods,
                                          sizeof methods / sizeof *methods, fake, NULL};
    fake->serve = serve_new(fake->cq, &service, 1, &options);
    int port = serve_listen(fake->serve, "127.0.0.1:0", NULL, &error);
    assert_true(port > 0);
    snprintf(fake->url, sizeof fake->url, "muon+insecure://127.0.0.1:%d", port);
    serve_start(fake->serve);
    return fake;
}

static void stopped(struct cq_op *op, bool ok)
{
    (void)ok;
    struct fake *fake = (struct fake *)((char *)op - offsetof(struct fake, stop));
    pthread_mutex_lock(&fake->mutex);
    fake->is_stopped = true;
    pthread_cond_signal(&fake->stopped);
    pthread_mutex_unlock(&fake->mutex);
}

void fake_free(struct fake *fake)
{
    fake->stop.done = stopped;
    serve_stop(fake->serve, &fake->stop);
    serve_cancel_all(fake->serve);
    pthread_mutex_lock(&fake->mutex);
    for (size_t i = 0; i < CALLS_MAX; i++) /* those that hang by order */
        if (fake->calls[i] && !fake->calls[i]->sending)
            finish(fake->calls[i], NULL);
    while (!fake->is_stopped)
        pthread_cond_wait(&fake->stopped, &fake->mutex);
    pthread_mutex_unlock(&fake->mutex);
    serve_free(fake->serve);
    cq_close(fake->cq);
    for (size_t i = 0; i < fake->events_len; i++) {
        bytes_unref(fake->events[i].raw);
        free(fake->events[i].payload);
    }
    free(fake);
}

const char *fake_url(const struct fake *fake)
{
    return fake->url;
}

void fake_refuse(struct fake *fake, enum reason reason, const char *message)
{
    pthread_mutex_lock(&fake->mutex);
    error_set(&fake->refusal, reason, "%s", message);
    pthread_mutex_unlock(&fake->mutex);
}

void fake_set_page(struct fake *fake, size_t events)
{
    pthread_mutex_lock(&fake->mutex);
    fake->page = events;
    pthread_mutex_unlock(&fake->mutex);
}

size_t fake_count(struct fake *fake)
{
    pthread_mutex_lock(&fake->mutex);
    size_t count = fake->events_len;
    pthread_mutex_unlock(&fake->mutex);
    return count;
}

const char *fake_payload(struct fake *fake, size_t i)
{
    pthread_mutex_lock(&fake->mutex);
    const char *payload = i < fake->events_len ? fake->events[i].payload : "";
    pthread_mutex_unlock(&fake->mutex);
    return payload;
}

unsigned fake_steps(struct fake *fake, enum fake_step step)
{
    pthread_mutex_lock(&fake->mutex);
    unsigned steps = fake->steps[step];
    pthread_mutex_unlock(&fake->mutex);
    return steps;
}

size_t fake_most_emits(struct fake *fake)
{
    pthread_mutex_lock(&fake->mutex);
    size_t most = fake->most_emits;
    pthread_mutex_unlock(&fake->mutex);
    return most;
}
