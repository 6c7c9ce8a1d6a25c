/*
 * meet.c - see meet.h.
 */
#include "tests/bus/meet.h"

#include "wire/codec-error.h"

_Atomic uint64_t meet_failures;

static void failed(const struct serve_call *call, const struct error *error)
{
    assert_non_null(serve_call_peer(call));
    assert_string_not_equal(error->request_id, "");
    atomic_fetch_add(&meet_failures, 1);
}

static void stopped(struct cq_op *op, bool ok)
{
    struct meet *meet = (struct meet *)((char *)op - offsetof(struct meet, stopped.op));
    (void)ok;
    pthread_mutex_lock(&meet->stopped.lock);
    meet->stopped.done = true;
    pthread_cond_broadcast(&meet->stopped.changed);
    pthread_mutex_unlock(&meet->stopped.lock);
}

void meet_open_with(struct meet *meet, const struct bus_options *options, struct tls_server *tls)
{
    static const struct serve_options serving = {.message_bytes_max = 4 << 20,
                                                 .metadata_bytes_max = 16384,
                                                 .calls_per_connection_max = 4096,
                                                 .failed = failed};
    struct error error;
    *meet = (struct meet){.stopped = {.op = {stopped}}};
    pthread_mutex_init(&meet->stopped.lock, NULL);
    pthread_cond_init(&meet->stopped.changed, NULL);
    meet->cq = cq_open(2);
    meet->bus = bus_open(meet->cq, options);
    for (size_t i = 0; i < BUS_METHODS; i++)
        meet->methods[i] = *bus_methods[i];
    meet->service =
        (struct serve_service){"muon.v1.BusService", meet->methods, BUS_METHODS, meet->bus, NULL};
    meet->serve = serve_new(meet->cq, &meet->service, 1, &serving);
    int port = serve_listen(meet->serve, "127.0.0.1:0", tls, &error);
    assert_int_not_equal(port, 0);
    serve_start(meet->serve);
    snprintf(meet->target, sizeof meet->target, "127.0.0.1:%d", port);
    if (!tls)
        meet->caller = caller_open(meet->target, NULL);
}

void meet_open(struct meet *meet)
{
    static const struct bus_options options = {.store_id = "store",
                                               .beat_ms = MEET_QUIET_BEAT_MS,
                                               .sessions_max = 50,
                                               .body_bytes = MEET_BODY_BYTES};
    meet_open_with(meet, &options, NULL);
}

void meet_drain(struct meet *meet)
{
    if (meet->draining)
        return;
    meet->draining = true;
    serve_stop(meet->serve, &meet->stopped.op);
    bus_drain(meet->bus, 1000);
}

void meet_await_stopped(struct meet *meet)
{
    pthread_mutex_lock(&meet->stopped.lock);
    while (!meet->stopped.done)
        pthread_cond_wait(&meet->stopped.changed, &meet->stopped.lock);
    pthread_mutex_unlock(&meet->stopped.lock);
}

void meet_close(struct meet *meet)
{
    if (meet->caller)
        caller_close(meet->caller);
    meet_drain(meet);
    serve_cancel_all(meet->serve);
    meet_await_stopped(meet);
    serve_free(meet->serve);
    bus_stop(meet->bus);
    cq_close(meet->cq);
    bus_close(meet->bus);
}

/* ---- parties ---- */

void party_open(struct party *party, struct caller *caller)
{
    memset(party, 0, sizeof *party);
    party->stream = caller_stream_open(caller, "/muon.v1.BusService/Connect");
}

void party_hello(struct party *party, const char *service, const char *instance)
{
    struct frame frame;
    party_say(party, &(struct frame){.kind = FRAME_HELLO,
                                     .hello = {.service = text_span(service),
                                               .instance_id = text_span(instance),
                                               .epoch = 1,
                                               .tag = {text_span("test")},
                                               .tags = 1}});
    party_hear(party, FRAME_WELCOME, 0, &frame);
}

void party_serve(struct party *party, struct meet *meet, const char *service, const char *instance,
                 const char *path)
{
    struct frame frame;
    bool stream = strncmp(path, "stream:", 7) == 0;
    party_open(party, meet->caller);
    party_hello(party, service, instance);
    party_say(party, &(struct frame){.kind = FRAME_ENDPOINT,
                                     .endpoint = {.path = text_span(path + (stream ? 7 : 0)),
                                                  .doc = text_span("a test's"),
                                                  .stream = stream}});
    party_hear(party, FRAME_ENDPOINT_DONE, 0, &frame);
}

void party_ask(struct party *party, struct meet *meet)
{
    party_open(party, meet->caller);
    party_hello(party, "", "asker");
}

static struct span body_of(const struct frame *frame)
{
    return frame->kind == FRAME_CALL     ? frame->call.body
           : frame->kind == FRAME_ANSWER ? frame->answer.body
           : frame->kind == FRAME_ITEM   ? frame->item.body
           : frame->kind == FRAME_CHUNK  ? frame->chunk
                                         : (struct span){NULL, 0};
}

void party_gather(struct party *party, const struct frame *frame)
{
    struct bytes *head = frame_head(frame);
    struct span body = body_of(frame);
    struct raw *out = &party->out;
    if (out->len + head->len + body.len > sizeof out->data)
        party_flush(party);
    assert_true(head->len + body.len <= sizeof out->data);
    memcpy(out->data + out->len, head->data, head->len);
    if (body.len)
        memcpy(out->data + out->len + head->len, body.data, body.len);
    out->len += head->len + body.len;
    bytes_unref(head);
}

void party_flush(struct party *party)
{
    caller_stream_send(party->stream, bytes_copy(party->out.data, party->out.len), false);
    party->out.len = 0;
}

void party_say(struct party *party, const struct frame *frame)
{
    party_gather(party, frame);
    party_flush(party);
}

void party_call(struct party *party, uint64_t exchange, const char *url, const char *body)
{
    party_say(party, &(struct frame){.exchange = exchange,
                                     .kind = FRAME_CALL,
                                     .call = {.url = text_span(url),
                                              .body = text_span(body),
                                              .credit_items = 4,
                                              .credit_bytes = 1 << 20}});
}

void party_answer(struct party *party, uint64_t exchange, uint32_t status, const char *body)
{
    party_say(party, &(struct frame){.exchange = exchange,
                                     .kind = FRAME_ANSWER,
                                     .answer = {.status = status, .body = text_span(body)}});
}

bool party_next(struct party *party, struct frame *frame)
{
    for (;;) {
        int got = frame_next(&party->rest, frame, NULL);
        assert_true(got >= 0);
        if (got && frame->kind != FRAME_BEAT)
            return true;
        if (got)
            continue;
        bytes_unref(party->message);
        party->message = caller_stream_read(party->stream);
        if (!party->message)
            return false;
        party->rest = bytes_span(party->message);
    }
}

void party_hear(struct party *party, enum frame_kind kind, uint64_t exchange, struct frame *frame)
{
    struct error error = {0};
    if (!party_next(party, frame)) {
        caller_stream_end(party->stream, &error);
        fail_msg("the session is over: %s", error.message);
    }
    if (frame->kind == FRAME_ERROR)
        error_decode(frame->error, &error);
    if (frame->kind != kind || frame->exchange != exchange)
        fail_msg("heard %d of %llu, not %d of %llu %s", frame->kind,
                 (unsigned long long)frame->exchange, kind, (unsigned long long)exchange,
                 error.message);
}

void party_hear_error(struct party *party, uint64_t exchange, enum reason reason,
                      struct error *error)
{
    struct frame frame;
    struct error own;
    error = error ? error : &own;
    party_hear(party, FRAME_ERROR, exchange, &frame);
    assert_int_equal(error_decode(frame.error, error), REASON_NONE);
    assert_string_not_equal(error->request_id, "");
    if (error->reason != reason)
        fail_msg("%s, not %s: %s", reason_name(error->reason), reason_name(reason), error->message);
}

static void party_free(struct party *party)
{
    caller_stream_free(party->stream);
    bytes_unref(party->message);
}

void party_hear_end(struct party *party, enum reason reason)
{
    struct error said, error;
    struct frame frame;
    party_hear_error(party, 0, reason, &said);
    assert_false(party_next(party, &frame));
    assert_int_equal(caller_stream_end(party->stream, &error), reason);
    assert_string_equal(error.request_id, said.request_id); /* it is one failure */
    party_free(party);
}

void party_close(struct party *party)
{
    struct error error;
    struct frame frame;
    caller_stream_send(party->stream, bytes_new(0), true);
    while (party_next(party, &frame)) {
    }
    assert_int_equal(caller_stream_end(party->stream, &error), REASON_NONE);
    party_free(party);
}

void party_vanish(struct party *party)
{
    struct error error;
    caller_stream_cancel(party->stream);
    caller_stream_end(party->stream, &error);
    party_free(party);
}

/* ---- plain calls ---- */

struct caller_stream *meet_begin(struct meet *meet, const char *method, struct bytes *request)
{
    char path[64];
    snprintf(path, sizeof path, "/muon.v1.BusService/%s", method);
    struct caller_stream *stream = caller_stream_open(meet->caller, path);
    caller_stream_send(stream, request, true);
    return stream;
}

enum reason meet_request(struct meet *meet, const char *url, struct span body, struct bytes **raw,
                         struct bus_answer *answer, struct error *error)
{
    struct bus_call call = {.url = text_span(url), .body = body};
    enum reason reason = caller_ask(meet->caller, "/muon.v1.BusService/Request",
                                    bus_request_encode(&call), raw, error);
    if (reason == REASON_NONE)
        assert_int_equal(bus_response_decode(bytes_span(*raw), answer), REASON_NONE);
    return reason;
}
