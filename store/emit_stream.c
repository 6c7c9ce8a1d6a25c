/*
 * emit_stream.c - see emit_stream.h.
 *
 * A call reads a message, submits its batches to its lane as one chain, and reads on while it has less than EMIT_STREAM_QUOTA_BYTES in the
 * committer's hands and less than ANSWERS_BYTES of answers that the client has not taken: so flow control, and never "busy",
 * holds back whoever sends too much. Each batch keeps its place: one that is refused here goes through the lane as well.
 *
 * The call ends when the client has sent its last and all is answered, or with the first failure that could be retried. It waits for
 * what is submitted in any case, since submissions point into it.
 */
#include "store/emit_stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/commit.h"
#include "store/emit.h"

enum { ANSWERS_BYTES = 256 * 1024, MESSAGE_BATCHES_MAX = 64 * 1024, MESSAGE_REFUSALS_MAX = 64 };

struct stream_call {
    struct serve_call *call;
    struct store *store;
    struct stream_call *prev, *next; /* in emit_calls */
    pthread_mutex_t lock;
    struct lane lane;
    uint64_t last_number;
    size_t pending, pending_bytes; /* with the committer */
    uint8_t *answers;              /* encoded, not sent */
    size_t answers_len, answers_room;
    bool reading, sending, ended, finished;
    struct error *failed; /* why the call ends */
    struct error failure; /* what failed points to, if it is set */
};

struct stream_emit {
    struct submission submission;
    uint64_t number;
    struct bytes *message, *made;
};

struct emit_calls {
    pthread_mutex_t lock;
    struct stream_call *first;
    size_t len, max;
    bool stopping;
};

/* ---- the calls that are open ---- */

struct emit_calls *emit_calls_new(size_t max)
{
    struct emit_calls *calls = calloc(1, sizeof *calls);
    if (calls) {
        calls->max = max;
        pthread_mutex_init(&calls->lock, NULL);
    }
    return calls;
}

void emit_calls_free(struct emit_calls *calls)
{
    if (!calls)
        return;
    pthread_mutex_destroy(&calls->lock);
    free(calls);
}

static enum reason calls_add(struct emit_calls *calls, struct stream_call *s, struct error *error)
{
    enum reason reason = REASON_NONE;
    pthread_mutex_lock(&calls->lock);
    if (calls->stopping)
        reason = error_set(error, REASON_SHUTTING_DOWN,
                           "the store is going down: connect again and retry");
    else if (calls->len >= calls->max)
        reason = error_set(
            error, REASON_BUSY,
            "%zu EmitStream calls are open, as many as are allowed: use fewer, or retry later",
            calls->len);
    else {
        s->next = calls->first;
        if (s->next)
            s->next->prev = s;
        calls->first = s;
        calls->len++;
    }
    pthread_mutex_unlock(&calls->lock);
    return reason;
}

static void calls_remove(struct emit_calls *calls, struct stream_call *s)
{
    pthread_mutex_lock(&calls->lock);
    if (s->prev)
        s->prev->next = s->next;
    else
        calls->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    calls->len--;
    pthread_mutex_unlock(&calls->lock);
}

/* ---- the state of a call; all of these under its lock ---- */

static void stream_fail(struct stream_call *s, const struct error *error)
{
    if (s->failed)
        return;
    s->failure = *error;
    s->failed = &s->failure;
}

static void stream_send_answers(struct stream_call *s)
{
    struct error error;
    if (s->sending || s->answers_len == 0)
        return;
    struct bytes *message = bytes_wrap(s->answers, s->answers_len, free);
    if (!message) {
        error_set(&error, REASON_STORE_UNAVAILABLE,
                  "the store is out of memory: retry with the same event ids");
        stream_fail(s, &error);
        return;
    }
    s->answers = NULL;
    s->answers_len = s->answers_room = 0;
    s->sending = true;
    serve_send(s->call, &message, 1, false);
    bytes_unref(message);
}

/* Do what can be done next: send, end, read. */
static void stream_go_on(struct stream_call *s)
{
    stream_send_answers(s);
    if (s->finished || s->sending)
        return;
    if ((s->ended || s->failed) && s->pending == 0) {
        s->finished = true;
        serve_finish(s->call, s->failed);
    }
}

static void stream_read_on(struct stream_call *s)
{
    if (s->reading || s->ended || s->failed || s->pending_bytes >= EMIT_STREAM_QUOTA_BYTES ||
        s->answers_len >= ANSWERS_BYTES)
        return;
    s->reading = true;
    serve_read(s->call);
}

static bool stream_append_answer(struct stream_call *s, struct span answer)
{
    if (s->answers_len + answer.len > s->answers_room) {
        size_t room = s->answers_room ? s->answers_room * 2 : 4096;
        while (room < s->answers_len + answer.len)
            room *= 2;
        uint8_t *grown = realloc(s->answers, room);
        if (!grown)
            return false;
        s->answers = grown;
        s->answers_room = room;
    }
    memcpy(s->answers + s->answers_len, answer.data, answer.len);
    s->answers_len += answer.len;
    return true;
}

static void stream_answer(struct stream_call *s, const struct stream_emit *emit)
{
    const struct submission *sub = &emit->submission;
    struct error error;
    if (s->failed || (sub->error && sub->error->retryable)) {
        if (sub->error)
            stream_fail(s, sub->error);
        return;
    }
    struct emit_response response = {sub->duplicate, sub->stored, sub->request.events_len,
                                     sub->event_time};
    if (sub->error) /* its own: the one that all without memory share may be retried */
        serve_failed(s->call, sub->error);
    struct bytes *part = emit_result_part(emit->number, sub->error ? NULL : &response, sub->error);
    if (!part || !stream_append_answer(s, bytes_span(part))) {
        error_set(&error, REASON_STORE_UNAVAILABLE,
                  "the store is out of memory: retry with the same event ids");
        stream_fail(s, &error);
    }
    bytes_unref(part);
}

/* ---- a batch ---- */

static void stream_emit_free(struct stream_emit *emit)
{
    submission_fini(&emit->submission);
    bytes_unref(emit->made);
    bytes_unref(emit->message);
    free(emit);
}

static void stream_emit_done(struct submission *submission, bool same_owner_next)
{
    struct stream_emit *emit = (struct stream_emit *)submission;
    struct stream_call *s = submission->owner;
    pthread_mutex_lock(&s->lock);
    s->pending--;
    s->pending_bytes -= submission->bytes;
    stream_answer(s, emit);
    stream_emit_free(emit);
    if (!same_owner_next) {
        stream_read_on(s);
        stream_go_on(s);
    }
    pthread_mutex_unlock(&s->lock);
}

/* Decode one batch; a fault of its own makes it a refusal that keeps its place. NULL: no memory, which is not its own fault: what
 * comes behind it must not be stored before it. */
static struct stream_emit *stream_emit_new(struct stream_call *s, struct bytes *message,
                                           uint64_t number, struct span raw)
{
    struct emit_request request;
    struct error error;
    struct stream_emit *emit = calloc(1, sizeof *emit);
    if (!emit)
        return NULL;
    bool good = true;
    if (emit_request_decode(raw, &s->store->limits, &request, &error) != REASON_NONE) {
        good = !error.retryable && submission_init_refused(&emit->submission, &error);
    } else if (!emit_make_ids(&request, &emit->made) ||
               !submission_init_emit(&emit->submission, &request)) {
        emit_request_fini(&request);
        good = false;
    }
    emit->number = number;
    emit->message = bytes_ref(message);
    emit->submission.lane = &s->lane;
    emit->submission.owner = s;
    emit->submission.done = stream_emit_done;
    if (good)
        return emit;
    stream_emit_free(emit);
    return NULL;
}

/* ---- a message ---- */

static void chain_free(struct submission *chain)
{
    while (chain) {
        struct submission *next = chain->next;
        stream_emit_free((struct stream_emit *)chain);
        chain = next;
    }
}

/* Decode a message into a chain. NULL and REASON_NONE: it was empty. */
static enum reason stream_decode(struct stream_call *s, struct bytes *message,
                                 struct submission **chain, struct error *error)
{
    struct span rest = bytes_span(message), raw;
    struct submission **last = chain;
    uint64_t number;
    size_t batches = 0, refusals = 0;
    int got;
    *chain = NULL;
    while ((got = emit_stream_next(&rest, &number, &raw)) == 1) {
        if (number <= s->last_number)
            return error_set(error, REASON_INVALID_ARGUMENT,
                             "numbers must rise from 1 over the whole call: %llu came after %llu",
                             (unsigned long long)number, (unsigned long long)s->last_number);
        if (++batches > MESSAGE_BATCHES_MAX)
            return error_set(error, REASON_INVALID_ARGUMENT, "more than %d batches in one message",
                             MESSAGE_BATCHES_MAX);
        s->last_number = number;
        struct stream_emit *emit = stream_emit_new(s, message, number, raw);
        if (!emit)
            return error_set(error, REASON_BUSY,
                             "the store is out of memory; nothing was stored: retry later");
        *last = &emit->submission;
        last = &emit->submission.next;
        /* A refusal is larger than what it answers: their number must be bounded, too. */
        if (emit->submission.kind == SUBMIT_REFUSED && ++refusals > MESSAGE_REFUSALS_MAX)
            return error_set(error, REASON_INVALID_ARGUMENT,
                             "more than %d invalid batches in one message; the last: %.300s",
                             MESSAGE_REFUSALS_MAX, emit->submission.error->message);
    }
    if (got < 0)
        return error_set(error, REASON_INVALID_ARGUMENT, "the message is not an EmitStreamRequest");
    return REASON_NONE;
}

static void stream_submit(struct stream_call *s, struct bytes *message)
{
    struct submission *chain;
    struct error error;
    uint64_t received_us = tally_now_us();
    enum reason reason = stream_decode(s, message, &chain, &error);
    size_t len = 0, bytes = 0;
    for (struct submission *sub = chain; sub; sub = sub->next) {
        sub->received_us = received_us;
        len++;
        bytes += sub->bytes;
    }
    /* Counted first: the committer may hand them back before commit_submit has returned. */
    s->pending += len;
    s->pending_bytes += bytes;
    if (reason != REASON_NONE) /* at least the one that could not be decoded */
        measures_refused(&s->store->measures, reason, len + 1);
    else if (chain)
        reason = commit_submit(s->store->commit, chain, &error);
    if (reason == REASON_NONE)
        return;
    s->pending -= len;
    s->pending_bytes -= bytes;
    chain_free(chain);
    stream_fail(s, &error);
}

/* ---- the call ---- */

static void stream_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    struct store *store = service;
    struct error error;
    struct stream_call *s = calloc(1, sizeof *s);
    enum reason reason =
        s ? REASON_NONE : error_set(&error, REASON_BUSY, "the store is out of memory: retry later");
    if (s) {
        s->call = call;
        s->store = store;
        pthread_mutex_init(&s->lock, NULL);
        reason = calls_add(store->emits, s, &error);
    }
    if (reason != REASON_NONE) {
        if (s)
            pthread_mutex_destroy(&s->lock);
        free(s);
        serve_call_set(call, NULL);
        serve_finish(call, &error);
        return;
    }
    serve_call_set(call, s);
    pthread_mutex_lock(&s->lock);
    stream_read_on(s);
    pthread_mutex_unlock(&s->lock);
}

static void stream_message(struct serve_call *call, struct bytes *message)
{
    struct stream_call *s = serve_call_get(call);
    pthread_mutex_lock(&s->lock);
    s->reading = false;
    if (!message)
        s->ended = true;
    else if (!s->failed)
        stream_submit(s, message);
    stream_read_on(s);
    stream_go_on(s);
    pthread_mutex_unlock(&s->lock);
}

static void stream_sent(struct serve_call *call, bool ok)
{
    (void)ok; /* broken: lost follows */
    struct stream_call *s = serve_call_get(call);
    pthread_mutex_lock(&s->lock);
    s->sending = false;
    stream_read_on(s);
    stream_go_on(s);
    pthread_mutex_unlock(&s->lock);
}

static void stream_end(struct stream_call *s, enum reason reason, const char *why)
{
    struct error error;
    error_set(&error, reason, "%s", why);
    pthread_mutex_lock(&s->lock);
    stream_fail(s, &error);
    stream_go_on(s);
    pthread_mutex_unlock(&s->lock);
}

static void stream_lost(struct serve_call *call)
{
    struct stream_call *s = serve_call_get(call);
    if (s)
        stream_end(s, REASON_CALLER_GONE, "the client has gone");
}

static void stream_gone(struct serve_call *call)
{
    struct stream_call *s = serve_call_get(call);
    if (!s)
        return;
    calls_remove(s->store->emits, s);
    /* Whoever finished the call may still be on the way out of the lock. */
    pthread_mutex_lock(&s->lock);
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_destroy(&s->lock);
    free(s->answers);
    free(s);
}

void emit_calls_stop(struct emit_calls *calls)
{
    pthread_mutex_lock(&calls->lock);
    calls->stopping = true;
    for (struct stream_call *s = calls->first; s; s = s->next)
        stream_end(s, REASON_SHUTTING_DOWN, "the store is going down: connect again and retry");
    pthread_mutex_unlock(&calls->lock);
}

const struct serve_method emit_stream_method = {.path = "/muon.v1.PhotonService/EmitStream",
                                                .takes_stream = true,
                                                .gives_stream = true,
                                                .begin = stream_begin,
                                                .message = stream_message,
                                                .sent = stream_sent,
                                                .lost = stream_lost,
                                                .gone = stream_gone};
