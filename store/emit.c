/*
 * emit.c - see emit.h.
 *
 * A call is decoded and checked on a poller, becomes a submission, and is answered when the committer hands the submission back.
 * Its memory is the call's: freed when the call is gone, which is after the answer.
 */
#include "store/emit.h"

#include <stdlib.h>
#include <string.h>

#include "store/commit.h"
#include "wire/text.h"
#include "wire/uuid.h"

struct emit_call {
    struct serve_call *call;
    struct submission submission;
    struct bytes *message; /* what the submission's spans view */
    struct bytes *made;
};

static enum reason no_memory(struct error *error)
{
    return error_set(error, REASON_BUSY,
                     "the store is out of memory; nothing was stored: retry later");
}

bool emit_make_ids(struct emit_request *request, struct bytes **made)
{
    size_t size = 0, nameless = 0;
    *made = NULL;
    for (size_t i = 0; i < request->events_len; i++) {
        if (request->events[i].event_id.len)
            continue;
        nameless++;
        size += event_size(&request->events[i]) + UUID_BYTES + 2 /* tag and length */ + UUID_BYTES;
    }
    if (nameless == 0)
        return true;
    struct bytes *bytes = bytes_new(size);
    if (!bytes)
        return false;
    uint8_t *at = bytes->data;
    for (size_t i = 0; i < request->events_len; i++) {
        struct event *event = &request->events[i];
        if (event->event_id.len)
            continue;
        char id[UUID_BYTES + 1];
        uuid7_new(id);
        memcpy(at, id, UUID_BYTES);
        event->event_id = (struct span){at, UUID_BYTES};
        uint8_t *start = at + UUID_BYTES;
        at = event_put(start, event);
        event->raw = (struct span){start, (size_t)(at - start)};
    }
    *made = bytes;
    return true;
}

static struct emit_call *emit_call_new(struct serve_call *call, struct bytes *message)
{
    struct emit_call *emit = calloc(1, sizeof *emit);
    if (emit) {
        emit->call = call;
        emit->message = bytes_ref(message);
        emit->submission.owner = emit;
    }
    serve_call_set(call, emit);
    return emit;
}

static void emit_gone(struct serve_call *call)
{
    struct emit_call *emit = serve_call_get(call);
    if (!emit)
        return;
    submission_fini(&emit->submission);
    bytes_unref(emit->made);
    bytes_unref(emit->message);
    free(emit);
}

static void emit_answer(struct emit_call *emit, struct bytes *answer)
{
    struct error error;
    if (answer) {
        serve_reply(emit->call, answer);
        bytes_unref(answer);
        return;
    }
    error_set(&error, REASON_STORE_UNAVAILABLE,
              "it is stored, and the store is out of memory for an answer: retry with the same "
              "event ids");
    serve_finish(emit->call, &error);
}

/* ---- Emit ---- */

static void emit_done(struct submission *submission, bool same_owner_next)
{
    (void)same_owner_next;
    struct emit_call *emit = submission->owner;
    if (submission->error) {
        serve_finish(emit->call, submission->error);
        return;
    }
    struct emit_response response = {submission->duplicate, submission->stored,
                                     submission->request.events_len, submission->event_time};
    emit_answer(emit, emit_response_encode(&response));
}

static enum reason emit_prepare(struct emit_call *emit, const struct limits *limits,
                                struct error *error)
{
    struct emit_request request;
    enum reason reason = emit_request_decode(bytes_span(emit->message), limits, &request, error);
    if (reason != REASON_NONE)
        return reason;
    if (!emit_make_ids(&request, &emit->made) ||
        !submission_init_emit(&emit->submission, &request)) {
        emit_request_fini(&request);
        return no_memory(error);
    }
    emit->submission.owner = emit;
    emit->submission.done = emit_done;
    return REASON_NONE;
}

static void emit_submit(struct emit_call *emit, struct store *store, struct serve_call *call,
                        enum reason reason, struct error *error)
{
    if (reason != REASON_NONE)
        measures_refused(&store->measures, reason, 1);
    else
        reason = commit_submit(store->commit, &emit->submission, error);
    if (reason != REASON_NONE)
        serve_finish(call, error);
}

static void emit_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct store *store = service;
    struct error error;
    uint64_t received_us = tally_now_us();
    struct emit_call *emit = emit_call_new(call, message);
    enum reason reason = emit ? emit_prepare(emit, &store->limits, &error) : no_memory(&error);
    if (reason == REASON_NONE)
        emit->submission.received_us = received_us;
    emit_submit(emit, store, call, reason, &error);
}

/* ---- DeleteStream ---- */

static void delete_done(struct submission *submission, bool same_owner_next)
{
    (void)same_owner_next;
    struct emit_call *emit = submission->owner;
    if (submission->error) {
        serve_finish(emit->call, submission->error);
        return;
    }
    bool recorded = submission->deleted_events > 0;
    struct delete_response response = {.deleted_events = submission->deleted_events,
                                       .order_id = recorded ? submission->stored[0].order_id : 0,
                                       .last_version = submission->last_version};
    emit_answer(emit, delete_response_encode(&response));
}

/* {"stream-name":"…"}: a name has no control characters, so only quotes and backslashes need escaping. */
static size_t delete_payload(uint8_t *out, struct span stream)
{
    static const char begin[] = "{\"stream-name\":\"", end[] = "\"}";
    uint8_t *at = out;
    memcpy(at, begin, sizeof begin - 1);
    at += sizeof begin - 1;
    for (size_t i = 0; i < stream.len; i++) {
        if (stream.data[i] == '"' || stream.data[i] == '\\')
            *at++ = '\\';
        *at++ = stream.data[i];
    }
    memcpy(at, end, sizeof end - 1);
    return (size_t)(at - out) + sizeof end - 1;
}

struct bytes *emit_deletion(struct span stream)
{
    char id[UUID_BYTES + 1];
    uint8_t payload[2 * NAME_BYTES_MAX + 32];
    uuid7_new(id);
    struct event event = {.stream_name = text_span("__store__"),
                          .event_type = text_span("stream-deleted"),
                          .event_id = text_span(id),
                          .payload = {payload, delete_payload(payload, stream)},
                          .id = stream,
                          .service_id = text_span("photon")};
    struct bytes *bytes = bytes_new(event_size(&event));
    if (bytes)
        event_put(bytes->data, &event);
    return bytes;
}

static enum reason delete_prepare(struct emit_call *emit, struct error *error)
{
    struct delete_request request;
    enum reason reason = delete_request_decode(bytes_span(emit->message), &request, error);
    if (reason != REASON_NONE)
        return reason;
    emit->made = emit_deletion(request.stream_name);
    if (!emit->made || !submission_init_delete(&emit->submission, request.stream_name,
                                               &request.expect, bytes_span(emit->made)))
        return no_memory(error);
    emit->submission.owner = emit;
    emit->submission.done = delete_done;
    return REASON_NONE;
}

static void delete_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct store *store = service;
    struct error error;
    struct emit_call *emit = emit_call_new(call, message);
    enum reason reason = emit ? delete_prepare(emit, &error) : no_memory(&error);
    emit_submit(emit, store, call, reason, &error);
}

/* Nobody waits any more, but what was submitted is committed all the same. */
static void emit_lost(struct serve_call *call)
{
    (void)call;
}

const struct serve_method emit_method = {.path = "/muon.v1.PhotonService/Emit",
                                         .begin = emit_begin,
                                         .lost = emit_lost,
                                         .gone = emit_gone};

const struct serve_method delete_method = {.path = "/muon.v1.PhotonService/DeleteStream",
                                           .begin = delete_begin,
                                           .lost = emit_lost,
                                           .gone = emit_gone};
