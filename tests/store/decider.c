/*
 * decider.c - see decider.h.
 */
#include "tests/store/decider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/tempdir.h"
#include "wire/text.h"

void fixture_load(struct fixture *f)
{
    enum log_fault fault;
    struct error error;
    struct log_options options = {.create = true, .ballast_bytes = 4096};
    f->log = log_open(f->dir, &options, &fault, &error);
    assert_non_null(f->log);
    f->sequence = (struct sequence){.log = f->log,
                                    .heads = heads_new(1 << 20),
                                    .ids = ids_new(f->log, 1000, &error),
                                    .builder = builder_new(),
                                    .end = log_end(f->log)};
}

void fixture_unload(struct fixture *f)
{
    builder_free(f->sequence.builder);
    ids_free(f->sequence.ids);
    heads_free(f->sequence.heads);
    log_close(f->log);
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->dir = tempdir_new();
    f->now_us = NOW_US;
    fixture_load(f);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    fixture_unload(f);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

/* ---- a batch ---- */

void batch_begin(struct batch *b)
{
    *b = (struct batch){0};
    /* As the decoder lays it out: one block, the expectations behind the events. */
    b->request.events =
        calloc(1, BATCH_MAX * sizeof(struct event) + EXPECTS_MAX * sizeof(struct expect));
    b->request.expects = (struct expect *)(b->request.events + BATCH_MAX);
}

void batch_event(struct batch *b, const char *stream, const char *id, const char *payload)
{
    size_t i = b->request.events_len++;
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("T"),
                          .event_id = text_span(id),
                          .payload = text_span(payload)};
    b->raw[i] = bytes_new(event_size(&event));
    event_put(b->raw[i]->data, &event);
    assert_true(event_read(bytes_span(b->raw[i]), &b->request.events[i]));
}

void batch_expect(struct batch *b, const char *stream, enum expect_kind kind, uint64_t version)
{
    b->request.expects[b->request.expects_len++] =
        (struct expect){text_span(stream), kind, version};
}

void batch_add(struct fixture *f, struct batch *b)
{
    struct error error;
    assert_true(submission_init_emit(&b->submission, &b->request));
    assert_true(sequence_add(&f->sequence, &b->submission, &error));
}

void batch_end(struct batch *b)
{
    submission_fini(&b->submission);
    for (size_t i = 0; i < 8; i++)
        bytes_unref(b->raw[i]);
}

void commit_begin(struct fixture *f)
{
    sequence_start(&f->sequence, f->now_us, 4096);
}

void commit_write(struct fixture *f)
{
    struct error error;
    struct log_end after;
    assert_true(sequence_finish(&f->sequence, &after, &error));
    if (after.last_number != f->sequence.end.last_number)
        assert_int_equal(log_write(f->log, builder_batch(f->sequence.builder), &error),
                         REASON_NONE);
    sequence_settle(&f->sequence, after);
}

/* One event in a commit of its own; the outcome's reason. */
enum reason emit_one(struct fixture *f, const char *stream, const char *id, const char *payload,
                     struct stored_at *at)
{
    struct batch b;
    batch_begin(&b);
    batch_event(&b, stream, id, payload);
    commit_begin(f);
    batch_add(f, &b);
    commit_write(f);
    enum reason reason = b.submission.error ? b.submission.error->reason : REASON_NONE;
    if (at && reason == REASON_NONE)
        *at = b.submission.stored[0];
    batch_end(&b);
    return reason;
}

enum reason delete_one(struct fixture *f, const char *stream, uint64_t *deleted, uint64_t *order_id)
{
    struct submission submission;
    struct expect none = {0};
    static int n;
    char id[32];
    snprintf(id, sizeof id, "deletion-%d", n++);
    struct event event = {.stream_name = text_span("__store__"),
                          .event_type = text_span("stream-deleted"),
                          .event_id = text_span(id)};
    struct bytes *raw = bytes_new(event_size(&event));
    event_put(raw->data, &event);
    struct error error;
    assert_true(submission_init_delete(&submission, text_span(stream), &none, bytes_span(raw)));
    commit_begin(f);
    assert_true(sequence_add(&f->sequence, &submission, &error));
    commit_write(f);
    *deleted = submission.deleted_events;
    if (order_id)
        *order_id = submission.stored[0].order_id;
    enum reason reason = submission.error ? submission.error->reason : REASON_NONE;
    submission_fini(&submission);
    bytes_unref(raw);
    return reason;
}
