/*
 * alone.c - see alone.h.
 */
#include "alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/emit_stream.h"
#include "wire/text.h"

/* ---- what carries the calls ---- */

void serve_call_set(struct serve_call *call, void *state)
{
    call->state = state;
}

void *serve_call_get(const struct serve_call *call)
{
    return call->state;
}

void serve_read(struct serve_call *call)
{
    call->reads++;
}

static void keep(struct serve_call *call, struct bytes *message)
{
    bytes_unref(call->message);
    call->message = bytes_ref(message);
    call->sent++;
}

void serve_send(struct serve_call *call, struct bytes *const *parts, size_t parts_len, bool more)
{
    assert_false(call->sending || call->finished || more);
    assert_int_equal(parts_len, 1);
    keep(call, parts[0]);
    call->sending = true;
}

void serve_failed(const struct serve_call *call, struct error *error)
{
    (void)call;
    strcpy(error->request_id, "5f3c91a2-17");
}

void serve_finish(struct serve_call *call, const struct error *error)
{
    assert_false(call->sending || call->finished);
    call->finished = true;
    if (error)
        call->end = *error;
}

void serve_reply(struct serve_call *call, struct bytes *message)
{
    keep(call, message);
    serve_finish(call, NULL);
}

/* ---- what commits for them ---- */

struct alone_committer committer;

enum reason commit_submit(struct commit *commit, struct submission *chain, struct error *error)
{
    (void)commit;
    if (committer.refuses)
        return error_set(error, committer.refuses, "as told");
    struct chain more = chain_of(chain);
    chain_append(&committer.held, &more);
    return REASON_NONE;
}

void alone_hand_back(const struct error *error)
{
    struct submission *sub = chain_shift(&committer.held);
    const struct submission *next = committer.held.first;
    if (error)
        submission_fail(sub, error);
    else if (sub->kind == SUBMIT_DELETE) {
        sub->recorded = true;
        sub->deleted_events = sub->last_version = 7;
    }
    for (size_t i = 0; !sub->error && i < sub->request.events_len; i++)
        sub->stored[i] = (struct stored_at){++committer.order_id, i + 1};
    sub->done(sub, next && next->owner == sub->owner);
}

void alone_hand_all_back(void)
{
    while (committer.held.first)
        alone_hand_back(NULL);
}

/* ---- calls ---- */

struct store alone_store = {
    .limits = {
        .event_bytes = 65536, .batch_bytes = 1 << 20, .batch_events = 2000, .name_bytes = 255}};

int alone_setup(void **state)
{
    (void)state;
    memset(&committer, 0, sizeof committer);
    alone_store.emits = emit_calls_new(ALONE_CALLS_MAX);
    return alone_store.emits ? 0 : -1;
}

int alone_teardown(void **state)
{
    (void)state;
    emit_calls_free(alone_store.emits);
    return 0;
}

void alone_begin(const struct serve_method *method, struct serve_call *call, struct bytes *message)
{
    *call = (struct serve_call){0};
    method->begin(call, &alone_store, message);
    bytes_unref(message);
}

void alone_end(const struct serve_method *method, struct serve_call *call)
{
    assert_true(call->finished);
    method->gone(call);
    bytes_unref(call->message);
}

struct bytes *alone_request(const char *stream, size_t n, size_t payload, bool ids)
{
    static const uint8_t zero[1 << 16];
    struct event *events = calloc(n, sizeof *events);
    char(*id)[64] = calloc(n, sizeof *id);
    for (size_t i = 0; i < n; i++) {
        if (ids && i % 2)
            snprintf(id[i], sizeof id[i], "id of %zu, not short", i);
        events[i] = (struct event){.stream_name = text_span(stream),
                                   .event_type = text_span("T"),
                                   .event_id = text_span(id[i]),
                                   .content_type = text_span(i % 2 ? "text/plain" : ""),
                                   .payload = {zero, payload}};
    }
    struct emit_request all = {.events = events, .events_len = n};
    struct bytes *bytes = emit_request_encode(&all);
    free(events);
    free(id);
    return bytes;
}
