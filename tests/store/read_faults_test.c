/*
 * read_faults_test.c - deciding and committing when the log cannot be read: each read that it takes fails in turn, once and for good. Nothing
 * is decided upon what could not be read, and once reading is possible everything goes on.
 */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "committer.h"
#include "reads.h"

#include "store/builder.h"
#include "store/ids.h"
#include "store/sequence.h"
#include "tests/lib/faults.h"
#include "tests/lib/tempdir.h"

enum { READS_MAX = 200, PATIENCE_S = 60 };

/* ---- the decision alone ---- */

/* A submission that needs everything read: text ids, the heads of streams with and without a cut, an expectation. */
struct asked {
    struct emit_request request;
    struct bytes *raw[2];
    struct submission submission;
};

static void ask_emit(struct asked *a, const char *id)
{
    *a = (struct asked){0};
    struct event *events = calloc(1, 2 * sizeof *events + sizeof(struct expect));
    for (size_t i = 0; i < 2; i++) {
        char of[64];
        snprintf(of, sizeof of, "%s/%zu", id, i);
        struct event event = {.stream_name = text_span(i ? "cut" : "other"),
                              .event_type = text_span("T"),
                              .event_id = text_span(of)};
        a->raw[i] = bytes_new(event_size(&event));
        event_put(a->raw[i]->data, &event);
        assert_true(event_read(bytes_span(a->raw[i]), &events[i]));
    }
    struct expect *expect = (struct expect *)(events + 2);
    *expect = (struct expect){text_span("third"), EXPECT_NO_STREAM, 0};
    a->request = (struct emit_request){events, 2, expect, 1};
    assert_true(submission_init_emit(&a->submission, &a->request));
}

static void ask_delete(struct asked *a)
{
    static unsigned n;
    char id[32];
    const struct delete_request request = {.stream_name = text_span("cut"),
                                           .expect = {text_span("other"), EXPECT_EXISTS, 0}};
    *a = (struct asked){0};
    snprintf(id, sizeof id, "deletion %u", n++);
    struct event event = {.stream_name = text_span("__store__"),
                          .event_type = text_span("stream-deleted"),
                          .event_id = text_span(id)};
    a->raw[0] = bytes_new(event_size(&event));
    event_put(a->raw[0]->data, &event);
    assert_true(submission_init_delete(&a->submission, &request, bytes_span(a->raw[0])));
}

static void forget(struct asked *a)
{
    submission_fini(&a->submission);
    bytes_unref(a->raw[0]);
    bytes_unref(a->raw[1]);
}

struct decider {
    char *dir;
    struct log *log;
    struct sequence sequence;
};

static int decider_setup(void **state)
{
    struct decider *d = calloc(1, sizeof *d);
    const struct log_options options = {.create = true, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    d->dir = tempdir_new();
    d->log = log_open(d->dir, &options, &fault, &error);
    assert_non_null(d->log);
    d->sequence = (struct sequence){.log = d->log,
                                    .heads = heads_new(1 << 20),
                                    .ids = ids_new(d->log, 1000, &error),
                                    .builder = builder_new(),
                                    .end = log_end(d->log)};
    *state = d;
    return 0;
}

static int decider_teardown(void **state)
{
    struct decider *d = *state;
    builder_free(d->sequence.builder);
    ids_free(d->sequence.ids);
    heads_free(d->sequence.heads);
    log_close(d->log);
    tempdir_remove(d->dir);
    free(d);
    return 0;
}

/* Decide, and write what was decided; false: it could not be decided. */
static bool decide(struct decider *d, struct asked *a, struct error *error)
{
    struct sequence *s = &d->sequence;
    struct log_end after;
    sequence_start(s, 1700000000000000, 4096);
    if (!sequence_add(s, &a->submission, error))
        return false;
    assert_true(sequence_finish(s, &after, error));
    assert_int_equal(log_write(d->log, builder_batch(s->builder), error), REASON_NONE);
    sequence_settle(s, after);
    return true;
}

/* What is asked is decided in the end, and once. */
static void decide_with_failing_reads(struct decider *d, struct asked *a, enum reason reason)
{
    struct error error;
    for (long nth = 1;; nth++) {
        struct log_end end = d->sequence.end;
        assert_true(nth < READS_MAX);
        reads_arm(nth, false, reason);
        if (sequence_reset(&d->sequence, end, &error) != REASON_NONE) {
            reads_disarm(); /* nothing is known of the log: it must be read again first */
            assert_true(error.message[0]);
            continue;
        }
        bool decided = decide(d, a, &error);
        reads_disarm();
        assert_int_equal(decided, !reads_hit());
        if (decided)
            break;
        assert_null(a->submission.error); /* it can be tried again */
        assert_true(error.message[0]);
    }
    assert_null(a->submission.error);
}

/* semantics 3, 4, 8 */
static void nothing_is_decided_upon_what_cannot_be_read(void **state)
{
    struct decider *d = *state;
    struct asked a;
    static const char *const ids[] = {"first", "second", "third"};
    for (uint64_t round = 1; round <= 3; round++) {
        enum reason reason = round % 2 ? REASON_CORRUPT : REASON_STORE_UNAVAILABLE;
        ask_emit(&a, ids[round - 1]);
        decide_with_failing_reads(d, &a, reason);
        for (int i = 0; i < 2; i++) /* the deleted stream keeps its versions */
            assert_int_equal(a.submission.stored[i].version, round);
        forget(&a);
        ask_delete(&a);
        decide_with_failing_reads(d, &a, reason);
        assert_int_equal(a.submission.deleted_events, 1);
        forget(&a);
    }
}

static void whoever_cannot_read_the_newest_ids_does_not_begin(void **state)
{
    struct decider *d = *state;
    struct error error = {0};
    for (long nth = 1; nth <= 2; nth++) {
        reads_arm(nth, false, REASON_STORE_UNAVAILABLE);
        assert_null(ids_new(d->log, 1000, &error));
        reads_disarm();
        assert_true(error.message[0]);
    }
}

/* ---- the committer ---- */

/* Emit it, as the first of its stream: also when it was stored before. */
static void expect_stored(struct fixture *f, const char *stream, const char *id)
{
    struct writer *w = writer_new(f);
    struct error error;
    struct submission *sub = writer_make(w, stream, id, 100);
    assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
    writer_wait(w);
    assert_null(sub->error);
    assert_int_equal(sub->stored[0].version, 1);
    writer_free(w);
}

static void expect_readable(struct fixture *f, const char *id)
{
    struct key key = key_event_id(text_span(id));
    struct bytes *value;
    struct error error;
    assert_int_equal(log_get(f->store.log, key_span(&key), &value, &error), REASON_NONE);
    assert_non_null(value);
    bytes_unref(value);
}

/* false: the nth read was not reached. Reading anew after the failure fails as well, when it is for good. */
static bool commit_with_a_failing_read(struct fixture *f, long nth, bool all_later,
                                       const char *stream, const char *id)
{
    struct writer *w = writer_new(f);
    struct error error;
    reads_arm(nth, all_later, REASON_STORE_UNAVAILABLE);
    struct submission *sub = writer_make(w, stream, id, 100);
    enum reason reason = commit_submit(f->store.commit, sub, &error);
    if (reason != REASON_NONE) {
        submission_fini(sub);
        bytes_unref(w->raw[--w->len]);
    }
    writer_wait(w);
    bool hit = reads_hit();
    if (w->len)
        assert_true(sub->error ? hit && sub->error->retryable : !hit);
    reads_disarm();
    committer_wait_until_writable(f);
    writer_free(w);
    return hit;
}

/* Older ids, which it can read later, are not among that. */
static void a_committer_that_cannot_read_what_it_needs_does_not_begin(void **state)
{
    struct fixture *f = *state;
    const struct commit_options options = committer_options(f);
    struct error error;
    int refused = 0;
    bool hit = true;
    expect_stored(f, "s", "1");
    for (long nth = 1; hit; nth++) {
        assert_true(nth < READS_MAX);
        commit_close(f->store.commit);
        reads_arm(nth, false, REASON_STORE_UNAVAILABLE);
        error.message[0] = '\0';
        f->store.commit = commit_open(&f->store, &options, &error);
        hit = reads_hit();
        reads_disarm();
        if (f->store.commit) {
            expect_stored(f, "s", "1");
            continue;
        }
        assert_true(hit && error.message[0]);
        refused++;
    }
    assert_true(refused > 3);
}

/* semantics 3, 8 */
static void a_commit_that_cannot_be_decided_can_be_retried(void **state)
{
    struct fixture *f = *state;
    for (int all_later = 0; all_later < 2; all_later++) {
        long nth = 0;
        bool hit = true;
        while (hit) {
            char stream[32], id[32];
            assert_true(++nth < READS_MAX);
            snprintf(stream, sizeof stream, "new/%d/%ld", all_later, nth);
            snprintf(id, sizeof id, "%d/%ld", all_later, nth);
            hit = commit_with_a_failing_read(f, nth, all_later != 0, stream, id);
            expect_stored(f, stream, id);
        }
        assert_true(nth > 2);
    }
}

static void expect_refused_for_good(struct fixture *f)
{
    struct writer *w = writer_new(f);
    struct error error;
    for (time_t until = time(NULL) + PATIENCE_S;
         !(commit_queue(f->store.commit).down == REASON_CORRUPT); sched_yield())
        assert_true(time(NULL) < until);
    assert_int_equal(commit_submit(f->store.commit, writer_make(w, "s", "more", 10), &error),
                     REASON_CORRUPT);
    assert_false(error.retryable || error.maybe_applied);
    submission_fini(&w->subs[--w->len]);
    bytes_unref(w->raw[w->len]);
    writer_free(w);
}

/* semantics 8; hazards 3 */
static void damage_that_is_met_in_forgetting_a_commit_ends_writing_for_good(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    expect_stored(f, "s", "1");
    reads_arm(1, true, REASON_CORRUPT);
    assert_int_equal(commit_submit(f->store.commit, writer_make(w, "new", "2", 10), &error),
                     REASON_NONE);
    writer_wait(w);
    assert_non_null(w->subs[0].error);
    reads_disarm();
    expect_refused_for_good(f);
    expect_readable(f, "1"); /* LevelDB is as open as before */
    writer_free(w);
}

/* semantics 8; hazards 3 */
static void damage_that_opening_anew_meets_ends_writing_for_good(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    struct bytes *value;
    struct key key = key_event_id(text_span("1"));
    expect_stored(f, "s", "1");
    reads_arm(1, true, REASON_CORRUPT);
    faults_arm(FAULT_SYNC, 1, EIO);
    assert_int_equal(commit_submit(f->store.commit,
                                   writer_make(w, "s", "0190b5f2-0000-7000-8000-00000000000f", 10),
                                   &error), /* which is new without a look */
                     REASON_NONE);
    writer_wait(w);
    assert_true(w->subs[0].error && w->subs[0].error->maybe_applied);
    faults_clear();
    expect_refused_for_good(f);
    reads_disarm();
    assert_int_equal(log_get(f->store.log, key_span(&key), &value, &error), REASON_CORRUPT);
    writer_free(w);
}

#define DECIDER(name) cmocka_unit_test_setup_teardown(name, decider_setup, decider_teardown)
#define TEST(name)    cmocka_unit_test_setup_teardown(name, committer_setup, committer_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DECIDER(nothing_is_decided_upon_what_cannot_be_read),
        DECIDER(whoever_cannot_read_the_newest_ids_does_not_begin),
        TEST(a_committer_that_cannot_read_what_it_needs_does_not_begin),
        TEST(a_commit_that_cannot_be_decided_can_be_retried),
        TEST(damage_that_is_met_in_forgetting_a_commit_ends_writing_for_good),
        TEST(damage_that_opening_anew_meets_ends_writing_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
