/*
 * emit_stream.c - keep, coalesce, send, match answers, send again.
 *
 *   head ─▶ emit ─▶ emit ─▶ … ─▶ emit ─▶ … ─▶ NULL
 *           └─ on the call ───┘  └─ unsent
 *
 * Answers come in the order sent, so each answers the head. An emit whose result was delivered before its answer (time limit,
 * cancelled) stays in place without an outcome until the answer passes, or until the call is lost: then it is dropped, so that it
 * is never sent after its result (semantics 21).
 */
#include "sdk/src/emit_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/log.h"
#include "sdk/src/status.h"
#include "wire/pb.h"

enum {
    MESSAGE_BYTES = 512 << 10
}; /* a message holds at least one emit, and further ones up to this */
enum { PART = 1, PART_NUMBER = 1, PART_REQUEST = 2 }; /* EmitStreamRequest, NumberedEmit */

static const struct client_handler handler;

void emit_stream_init(struct emit_stream *stream)
{
    *stream = (struct emit_stream){.tail = &stream->head, .earliest_ms = CLOCK_NEVER};
}

static void emit_free(struct emit *emit)
{
    bytes_unref(emit->request);
    outcome_free(emit->outcome);
    free(emit);
}

/* Take *at out of the list. */
static struct emit *unlink_at(struct emit_stream *stream, struct emit **at)
{
    struct emit *emit = *at;
    *at = emit->next;
    if (!emit->next)
        stream->tail = at;
    if (stream->unsent == emit)
        stream->unsent = emit->next;
    return emit;
}

/* ---- results ---- */

static void deliver(muon_client *c, struct emit *emit)
{
    struct outcome *outcome = emit->outcome;
    bool stored = outcome->item.status == MUON_OK;
    emit->outcome = NULL;
    c->emits.waiting--;
    c->metrics.emits_stored += stored;
    c->metrics.emits_failed += !stored;
    outcome_deliver(outcome);
    pthread_cond_broadcast(&c->changed);
}

/* Deliver a failure and drop *at, unless its answer is still to come. true: it was dropped. */
static bool fail_at(muon_client *c, struct emit **at, const muon_error *error)
{
    struct emit *emit = *at;
    muon_error told = *error;
    if (emit->sent)
        told.flags |= MUON_MAYBE_APPLIED;
    outcome_fail(emit->outcome, &told);
    deliver(c, emit);
    bytes_unref(emit->request);
    emit->request = NULL;
    if (emit->on_call)
        return false;
    emit_free(unlink_at(&c->emits, at));
    return true;
}

static void time_out(muon_client *c, struct emit **at, int64_t now_ms)
{
    muon_error error;
    const char *why = c->emits.failure[0] ? c->emits.failure : "the store has not answered yet";
    int32_t status = (*at)->sent ? MUON_ETIMEDOUT : connection_timeout_status(c);
    if (connection_is_refused(c))
        status_fail(&error, status, "no connection: %s", connection_why(c, why));
    else
        status_fail(&error, status, "the emit took longer than %lld ms: %s",
                    (long long)(now_ms - (*at)->begun_ms), connection_why(c, why));
    memcpy(error.request_id, c->emits.failure_id, sizeof error.request_id);
    fail_at(c, at, &error);
}

static void take_response(struct emit *emit, struct span raw)
{
    struct emit_response response;
    muon_item *item = &emit->outcome->item;
    if (emit_response_decode(raw, &response) != REASON_NONE || response.stored_len == 0) {
        muon_error error;
        status_fail(&error, MUON_EPROTO, "the store's answer to an emit cannot be read");
        error.flags |= MUON_MAYBE_APPLIED;
        outcome_fail(emit->outcome, &error);
        return;
    }
    const struct stored_at *last = &response.stored[response.stored_len - 1];
    item->order_id = (int64_t)last->order_id;
    item->version = (int64_t)last->version;
    item->time_ms = response.event_time;
    item->flags = response.duplicate ? MUON_DUPLICATE : 0;
    free(response.stored);
}

static void take_error(struct emit *emit, struct span raw)
{
    struct error error;
    muon_error told;
    if (error_decode(raw, &error) == REASON_NONE)
        status_of_error(&told, &error);
    else
        status_fail(&told, MUON_EPROTO,
                    "the store refused the emit for a reason unknown to this library");
    outcome_fail(emit->outcome, &told);
}

/* One answer. false: it is not for the oldest emit. */
static bool answered(muon_client *c, uint64_t number, struct span response, struct span error,
                     int64_t now_ms)
{
    struct emit_stream *stream = &c->emits;
    struct emit *emit = stream->head;
    if (!emit || !emit->on_call || emit->number != number)
        return false;
    unlink_at(stream, &stream->head);
    if (emit->outcome) {
        if (error.data)
            take_error(emit, error);
        else
            take_response(emit, response);
        metrics_latency(&c->metrics, now_ms - emit->begun_ms);
        deliver(c, emit);
    }
    emit_free(emit);
    return true;
}

/* ---- sending ---- */

static size_t inner_size(const struct emit *emit)
{
    return pb_uint_size(PART_NUMBER, emit->number) +
           pb_bytes_size(PART_REQUEST, emit->request->len);
}

/* Emits from unsent on that fit one message, and its size. */
static size_t gather(const struct emit_stream *stream, size_t *size)
{
    size_t n = 0;
    *size = 0;
    for (const struct emit *emit = stream->unsent; emit; emit = emit->next, n++) {
        size_t part = pb_bytes_size(PART, inner_size(emit));
        if (n > 0 && *size + part > MESSAGE_BYTES)
            break;
        *size += part;
    }
    return n;
}

/* Write the next message, unless one is being written. When memory is out the next tick tries again. */
static void pump(muon_client *c)
{
    struct emit_stream *stream = &c->emits;
    size_t size;
    if (!stream->call || stream->sending || !stream->unsent)
        return;
    size_t n = gather(stream, &size);
    struct bytes *message = bytes_new(size);
    if (!message) {
        stream->retry_at_ms = clock_now_ms() + 10;
        client_wake_at(c, stream->retry_at_ms);
        return;
    }
    uint8_t *at = message->data;
    for (; n > 0; n--) {
        struct emit *emit = stream->unsent;
        at = pb_put_frame(at, PART, inner_size(emit));
        at = pb_put_uint(at, PART_NUMBER, emit->number);
        at = pb_put_bytes(at, PART_REQUEST, bytes_span(emit->request));
        c->metrics.emits_resent += emit->sent;
        emit->sent = emit->on_call = true;
        stream->unsent = emit->next;
    }
    c->metrics.emit_messages++;
    stream->sending = true;
    client_call_send(stream->call, &message, 1, false);
    bytes_unref(message);
}

static void begin(muon_client *c)
{
    struct emit_stream *stream = &c->emits;
    if (stream->call || stream->waiting == 0)
        return;
    if (clock_now_ms() < stream->retry_at_ms) {
        client_wake_at(c, stream->retry_at_ms);
        return;
    }
    stream->call =
        connection_call(c, "/muon.v1.PhotonService/EmitStream", -1, &handler, c, &stream->link);
    if (!stream->call)
        return;
    stream->sending = false;
    stream->unsent = stream->head;
    client_call_read(stream->call);
    pump(c);
}

void emit_stream_submit(muon_client *c, struct emit *emit)
{
    struct emit_stream *stream = &c->emits;
    emit->number = ++stream->last_number;
    emit->next = NULL;
    *stream->tail = emit;
    stream->tail = &emit->next;
    stream->waiting++;
    if (!stream->unsent)
        stream->unsent = emit;
    if (emit->deadline_ms < stream->earliest_ms) {
        stream->earliest_ms = emit->deadline_ms;
        client_wake_at(c, emit->deadline_ms);
    }
    connection_want(c);
    begin(c);
    pump(c);
}

void emit_stream_connected(muon_client *c)
{
    begin(c);
}

/* ---- the call's events, on the I/O thread ---- */

static void message(struct client_call *call, struct bytes *message)
{
    muon_client *c = client_call_user(call);
    struct emit_stream *stream = &c->emits;
    if (!message)
        return;
    struct span rest = bytes_span(message), response, error;
    uint64_t number;
    int64_t now_ms = clock_now_ms();
    int more;
    pthread_mutex_lock(&c->mutex);
    stream->failure[0] = stream->failure_id[0] = 0;
    stream->backoff = (struct backoff){0};
    while ((more = emit_result_next(&rest, &number, &response, &error)) > 0)
        if (!answered(c, number, response, error, now_ms))
            break;
    if (more != 0) {
        log_add(c, MUON_LOG_ERROR,
                "the store answered emits out of order or unreadably: starting over");
        client_call_cancel(call);
    } else {
        client_call_read(call);
    }
    pthread_mutex_unlock(&c->mutex);
}

static void sent(struct client_call *call, bool ok)
{
    muon_client *c = client_call_user(call);
    pthread_mutex_lock(&c->mutex);
    c->emits.sending = false;
    if (ok)
        pump(c);
    pthread_mutex_unlock(&c->mutex);
}

/* Whether the same may go better on another call. What we did not cancel ourselves was the server's going away. */
static bool is_passing(const struct error *status)
{
    return status->reason == REASON_NONE || status->reason == REASON_CALLER_GONE ||
           status->retryable;
}

/* The call is over: forget what was on it. Emits without an outcome go. */
static void take_off(struct emit_stream *stream)
{
    stream->unsent = NULL;
    for (struct emit **at = &stream->head; *at;) {
        (*at)->on_call = false;
        if ((*at)->outcome)
            at = &(*at)->next;
        else
            emit_free(unlink_at(stream, at));
    }
    stream->unsent = stream->head;
}

static void fail_all(muon_client *c, const muon_error *error)
{
    for (struct emit **at = &c->emits.head; *at;)
        if (!(*at)->outcome || !fail_at(c, at, error))
            at = &(*at)->next;
}

static void finished(struct client_call *call, const struct error *status)
{
    muon_client *c = client_call_user(call);
    struct emit_stream *stream = &c->emits;
    pthread_mutex_lock(&c->mutex);
    client_call_free(call);
    stream->call = NULL;
    take_off(stream);
    if (status->reason != REASON_NONE) {
        snprintf(stream->failure, sizeof stream->failure, "%.255s", status->message);
        memcpy(stream->failure_id, status->request_id, sizeof stream->failure_id);
    }
    if (c->phase < CLIENT_STOPPING && !is_passing(status)) {
        muon_error error;
        status_of_error(&error, status);
        fail_all(c, &error);
    } else if (c->phase < CLIENT_STOPPING) {
        int64_t pause_ms = backoff_next_ms(
            &stream->backoff, c->config.number[CONFIG_RECONNECT_MAX_MS], backoff_random());
        stream->retry_at_ms = clock_now_ms() + pause_ms + status->retry_after_ms;
        client_wake_at(c, stream->retry_at_ms);
        connection_suspect(c, stream->link);
    }
    connection_release(c, stream->link);
    pthread_mutex_unlock(&c->mutex);
}

static const struct client_handler handler = {
    .message = message, .sent = sent, .finished = finished};

/* ---- time, and the end ---- */

int64_t emit_stream_tick(muon_client *c, int64_t now_ms)
{
    struct emit_stream *stream = &c->emits;
    bool refused = connection_is_refused(c); /* then nothing has ever been sent */
    if (now_ms >= stream->earliest_ms || refused) {
        stream->earliest_ms = CLOCK_NEVER;
        for (struct emit **at = &stream->head; *at;) {
            struct emit *emit = *at;
            if (emit->outcome && (emit->deadline_ms <= now_ms || refused))
                time_out(c, at, now_ms);
            else if (emit->outcome && emit->deadline_ms < stream->earliest_ms)
                stream->earliest_ms = emit->deadline_ms;
            if (*at == emit)
                at = &emit->next;
        }
    }
    begin(c);
    pump(c);
    return stream->earliest_ms;
}

bool emit_stream_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    muon_error error;
    status_fail(&error, MUON_ECANCELLED, "the emit was cancelled");
    for (struct emit **at = &c->emits.head; *at;) {
        struct emit *emit = *at;
        const struct outcome *outcome = emit->outcome;
        if (outcome && (!q || outcome->queue == q) && (!tag || outcome->item.tag == *tag)) {
            found = true;
            fail_at(c, at, &error);
        }
        if (*at == emit)
            at = &emit->next;
    }
    return found;
}

void emit_stream_stop(muon_client *c)
{
    emit_stream_cancel(c, NULL, NULL);
    if (c->emits.call)
        client_call_cancel(c->emits.call);
}

uint64_t emit_stream_oldest(const struct emit_stream *stream)
{
    for (const struct emit *emit = stream->head; emit; emit = emit->next)
        if (emit->outcome)
            return emit->number;
    return UINT64_MAX;
}
