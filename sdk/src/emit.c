/*
 * emit.c - muon_emit and muon_emit_async: the same way, but for who waits.
 *
 * A batch is encoded first and then read by the decoder that the store itself uses, with the limits that the store has announced: so
 * both sides refuse the same things with the same words, and what is refused never leaves.
 */
#include "sdk/src/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/fork.h"
#include "sdk/src/status.h"
#include "wire/text.h"
#include "wire/uuid.h"

void muon_event_id_new(char out[37])
{
    uuid7_new(out);
}

static const char *first_of(const char *a, const char *b)
{
    return a ? a : b;
}

/* How an event that is emitted in a call came to be: by this request. */
static void relation_of(const muon_call *call, char out[NAME_BYTES_MAX + 1])
{
    int len = snprintf(out, NAME_BYTES_MAX + 1, "%s://%.*s%.*s",
                       call->kind == MUON_CALL_STREAM ? "stream" : "rpc", (int)call->service.len,
                       call->service.ptr, (int)call->path.len, call->path.ptr);
    if (len > NAME_BYTES_MAX)
        strcpy(out, "CAUSED"); /* rather than a part of a path */
}

/* What reacting to an event or serving a call brings (semantics 20), where the new event says nothing itself. */
static void inherit(struct event *out, muon_str cause, const char *relation, muon_str trace,
                    const muon_event_in *in)
{
    if (!in->caused_by && cause.len)
        out->caused_by = (struct span){(const uint8_t *)cause.ptr, cause.len};
    if (!in->caused_by && !in->caused_by_relation)
        out->caused_by_relation = text_span(relation);
    if (!in->traceparent)
        out->traceparent = (struct span){(const uint8_t *)trace.ptr, trace.len};
}

/* relation: of the call, if opts name one */
static void fill(struct event *out, const char *stream, const muon_event_in *in,
                 const muon_emit_opts *opts, const char *service, const char *event_id,
                 const char *relation)
{
    *out = (struct event){
        .stream_name = text_span(first_of(in->stream, stream)),
        .event_type = text_span(in->type),
        .event_id = text_span(first_of(in->event_id, event_id)),
        .payload = {in->payload, in->payload_len},
        .content_type = text_span(in->content_type),
        .schema = text_span(in->schema),
        .id = text_span(in->id),
        .service_id = text_span(first_of(in->service, service)),
        .caused_by = text_span(in->caused_by),
        .caused_by_relation = text_span(in->caused_by_relation),
        .metadata = {in->metadata, in->metadata_len},
        .traceparent = text_span(in->traceparent),
    };
    if (opts->in_event)
        inherit(out, opts->in_event->event_id, "CAUSED", opts->in_event->traceparent, in);
    else if (opts->in_call)
        inherit(out, opts->in_call->caused_by, relation, opts->in_call->traceparent, in);
}

static int32_t fill_expect(struct expect *out, const char *stream, const muon_expect *in, size_t i,
                           muon_error *err)
{
    static const enum expect_kind kinds[] = {
        [MUON_EXPECT_VERSION] = EXPECT_VERSION,
        [MUON_EXPECT_NO_STREAM] = EXPECT_NO_STREAM,
        [MUON_EXPECT_EXISTS] = EXPECT_EXISTS,
    };
    if (in->kind < MUON_EXPECT_VERSION || in->kind > MUON_EXPECT_EXISTS)
        return status_fail(err, MUON_EINVAL, "expectation %zu: unknown kind %d", i, in->kind);
    if (in->version < 0)
        return status_fail(err, MUON_EINVAL, "expectation %zu: the version is negative", i);
    *out = (struct expect){text_span(first_of(in->stream, stream)), kinds[in->kind],
                           (uint64_t)in->version};
    return MUON_OK;
}

/* What could not be seen any more once it is encoded. */
static int32_t check(const muon_event_in *events, size_t n, const muon_emit_opts *opts,
                     const struct limits *limits, muon_error *err)
{
    if (!events || n == 0)
        return status_fail(err, MUON_EINVAL, "the batch is empty: give at least one event");
    if (n > limits->batch_events || opts->expects_len > limits->batch_events)
        return status_fail(
            err, MUON_ETOOBIG,
            "the batch has %zu events and %zu expectations, the limit is %u: split it", n,
            opts->expects_len, limits->batch_events);
    if (opts->in_event && opts->in_call)
        return status_fail(err, MUON_EINVAL, "in_event and in_call: give one of them");
    if (opts->expects_len > 0 && !opts->expects)
        return status_fail(err, MUON_EINVAL, "expects is NULL, but expects_len is not 0");
    for (size_t i = 0; i < n; i++) {
        const muon_event_in *in = &events[i];
        if ((in->payload_len && !in->payload) || (in->metadata_len && !in->metadata))
            return status_fail(err, MUON_EINVAL,
                               "event %zu: payload or metadata is NULL, but has a length", i);
        if (in->payload_len > limits->event_bytes || in->metadata_len > limits->event_bytes)
            return status_fail(err, MUON_ETOOBIG,
                               "event %zu: payload or metadata is over the limit of %llu bytes", i,
                               (unsigned long long)limits->event_bytes);
    }
    return MUON_OK;
}

static int32_t encode_checked(const struct emit_request *request, const struct limits *limits,
                              struct bytes **out, muon_error *err)
{
    struct error error;
    struct emit_request seen;
    struct bytes *encoded = emit_request_encode(request);
    if (!encoded)
        return status_fail(err, MUON_ENOMEM, "out of memory for the batch");
    if (emit_request_decode(bytes_span(encoded), limits, &seen, &error) != REASON_NONE) {
        bytes_unref(encoded);
        return status_of_error(err, &error);
    }
    emit_request_fini(&seen);
    *out = encoded;
    return MUON_OK;
}

int32_t emit_encode(const char *stream, const muon_event_in *events, size_t n,
                    const muon_emit_opts *opts, const char *service, const struct limits *limits,
                    struct bytes **out, muon_error *err)
{
    int32_t status = check(events, n, opts, limits, err);
    if (status != MUON_OK)
        return status;
    struct emit_request request = {.events_len = n};
    request.events = malloc(n * sizeof *request.events);
    request.expects = calloc(opts->expects_len + 1, sizeof *request.expects);
    char(*ids)[UUID_BYTES + 1] = malloc(n * sizeof *ids);
    char relation[NAME_BYTES_MAX + 1];
    if (opts->in_call)
        relation_of(opts->in_call, relation);
    if (!request.events || !request.expects || !ids)
        status = status_fail(err, MUON_ENOMEM, "out of memory for the batch");
    for (size_t i = 0; i < n && status == MUON_OK; i++) {
        if (!events[i].event_id)
            uuid7_new(ids[i]);
        fill(&request.events[i], stream, &events[i], opts, service, ids[i], relation);
    }
    for (size_t i = 0; i < opts->expects_len && status == MUON_OK; i++)
        if (opts->expects[i].kind != MUON_EXPECT_ANY)
            status = fill_expect(&request.expects[request.expects_len++], stream, &opts->expects[i],
                                 i, err);
    if (status == MUON_OK)
        status = encode_checked(&request, limits, out, err);
    free(request.events);
    free(request.expects);
    free(ids);
    return status;
}

/* ---- submitting ---- */

static const muon_emit_opts no_opts;

/* Is everything ready to be encoded? The service and the limits as they are now. */
static int32_t begin(muon_client *c, const muon_emit_opts *opts, struct limits *limits,
                     int64_t *deadline_ms, muon_error *err)
{
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    *limits = c->connection.info.limits;
    bool valid = client_deadline(c, opts->timeout_ms, deadline_ms, err);
    client_leave(c);
    return valid ? MUON_OK : MUON_EINVAL;
}

static struct emit *emit_new(struct bytes *request, struct outcome *outcome, int64_t deadline_ms)
{
    struct emit *emit = calloc(1, sizeof *emit);
    if (!emit)
        return NULL;
    emit->request = request;
    emit->outcome = outcome;
    emit->begun_ms = clock_now_ms();
    emit->deadline_ms = deadline_ms;
    return emit;
}

/* Take a place, or say why not. An asynchronous emit does not wait for one. */
static int32_t enter(muon_client *c, bool async, size_t bytes, int64_t deadline_ms, muon_error *err)
{
    if (inflight_enter(&c->inflight, bytes, async ? 0 : deadline_ms))
        return MUON_OK;
    if (async)
        return status_fail(
            err, MUON_EAGAIN,
            "emit.max_inflight or emit.max_inflight_bytes is reached: drain the queue");
    pthread_mutex_lock(&c->mutex);
    bool closed = c->phase >= CLIENT_STOPPING;
    const char *why = connection_why(c, "too many emits are in flight");
    int32_t status =
        closed ? status_fail(err, MUON_ECLOSED, "the client is closed")
               : status_fail(err, MUON_ETIMEDOUT, "the emit was not sent in time: %s", why);
    pthread_mutex_unlock(&c->mutex);
    return status;
}

/* Encode, take a place, and hand over to the stream. MUON_OK: *out will be delivered. q NULL: to a blocked caller. */
static int32_t submit(muon_client *c, const char *stream, const muon_event_in *events, size_t n,
                      const muon_emit_opts *opts, muon_queue *q, uint64_t tag, struct outcome **out,
                      muon_error *err)
{
    struct limits limits;
    int64_t deadline_ms;
    struct bytes *request;
    int32_t status = begin(c, opts, &limits, &deadline_ms, err);
    if (status == MUON_OK)
        status = emit_encode(stream, events, n, opts, c->config.text[CONFIG_SERVICE_NAME], &limits,
                             &request, err);
    if (status != MUON_OK)
        return status;
    size_t bytes = request->len;
    struct outcome *outcome = outcome_new(q, tag, MUON_ITEM_EMITTED);
    struct emit *emit = outcome ? emit_new(request, outcome, deadline_ms) : NULL;
    if (!emit)
        status = status_fail(err, MUON_ENOMEM, "out of memory for the emit");
    if (status == MUON_OK)
        status = enter(c, q != NULL, bytes, deadline_ms, err);
    if (status == MUON_OK) {
        outcome_charge(outcome, &c->inflight, bytes);
        status = client_enter(c, err);
    }
    if (status != MUON_OK) {
        outcome_free(outcome);
        bytes_unref(request);
        free(emit);
        return status;
    }
    c->metrics.emits++;
    c->metrics.emit_events += n;
    c->metrics.emit_bytes += bytes;
    *out = outcome;
    emit_stream_submit(c, emit);
    client_leave(c);
    return MUON_OK;
}

int32_t muon_emit_async(muon_client *c, const char *stream, const muon_event_in *events, size_t n,
                        const muon_emit_opts *opts, muon_queue *q, uint64_t tag, muon_error *err)
{
    struct outcome *outcome;
    if (!q || queue_client(q) != c)
        return status_fail(err, MUON_EINVAL, "muon_emit_async: %s",
                           q ? "the queue belongs to another client" : "q must not be NULL");
    return submit(c, stream, events, n, opts ? opts : &no_opts, q, tag, &outcome, err);
}

int32_t muon_emit(muon_client *c, const char *stream, const muon_event_in *events, size_t n,
                  const muon_emit_opts *opts, muon_emit_result *result, muon_error *err)
{
    struct outcome *outcome;
    int32_t status = submit(c, stream, events, n, opts ? opts : &no_opts, NULL, 0, &outcome, err);
    if (status != MUON_OK)
        return status;
    outcome_wait(outcome);
    const muon_item *item = &outcome->item;
    status = item->status;
    if (status != MUON_OK)
        status_copy(err, item->error);
    else if (result)
        *result = (muon_emit_result){.version = item->version,
                                     .order_id = item->order_id,
                                     .time_ms = item->time_ms,
                                     .flags = item->flags};
    outcome_free(outcome);
    return status;
}
