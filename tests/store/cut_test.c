/*
 * cut_test.c - deleting the beginning of a stream, and a stream for good: what is decided, and what is known afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/place.h"
#include "tests/store/decider.h"
#include "wire/text.h"

/* semantics 3, 5 */
static void truncation_keeps_what_is_behind_it_and_the_event_ids(void **state)
{
    struct fixture *f = *state;
    struct delete_request request = {.stream_name = text_span("s"), .before_version = 3};
    struct stored_at at;
    uint64_t deleted, order_id;
    for (int i = 0; i < 4; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(emit_one(f, "s", id, "x", &at), REASON_NONE);
    }
    assert_int_equal(delete_some(f, &request, &deleted, &order_id), REASON_NONE);
    assert_int_equal(deleted, 2);
    assert_true(order_id > at.order_id);
    assert_int_equal(delete_some(f, &request, &deleted, &order_id), REASON_NONE);
    assert_int_equal(deleted, 0);
    assert_int_equal(order_id, 0);                                  /* nothing was recorded */
    assert_int_equal(emit_one(f, "s", "0", "x", &at), REASON_NONE); /* a retry */
    assert_int_equal(at.version, 1);
    assert_int_equal(emit_one(f, "s", "0", "y", &at), REASON_EVENT_ID_REUSED);
    assert_int_equal(emit_one(f, "s", "new", "y", &at), REASON_NONE);
    assert_int_equal(at.version, 5);
    request.before_version = 100; /* beyond the end: all there is */
    assert_int_equal(delete_some(f, &request, &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, 3);
    fixture_unload(f);
    fixture_load(f);
    assert_int_equal(emit_one(f, "s", "newer", "y", &at), REASON_NONE);
    assert_int_equal(at.version, 6);
}

/* semantics 4, 5 */
static void a_truncation_whose_expectation_fails_takes_nothing(void **state)
{
    struct fixture *f = *state;
    struct delete_request request = {.stream_name = text_span("s"), .before_version = 2};
    struct stored_at at;
    uint64_t deleted;
    for (int i = 0; i < 2; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        emit_one(f, "s", id, "x", &at);
    }
    request.expect = (struct expect){text_span("s"), EXPECT_VERSION, 1};
    assert_int_equal(delete_some(f, &request, &deleted, NULL), REASON_WRONG_VERSION);
    request.expect.version = 2;
    assert_int_equal(delete_some(f, &request, &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, 1);
}

/* semantics 3, 5 */
static void a_tombstone_lets_retries_through_and_nothing_else_for_ever(void **state)
{
    struct fixture *f = *state;
    const struct delete_request request = {.stream_name = text_span("s"), .tombstone = true};
    struct stored_at at;
    uint64_t deleted, order_id;
    assert_int_equal(emit_one(f, "s", "a", "x", &at), REASON_NONE);
    assert_int_equal(delete_some(f, &request, &deleted, &order_id), REASON_NONE);
    assert_int_equal(deleted, 1);
    for (int restart = 0; restart < 2; restart++) {
        assert_int_equal(emit_one(f, "s", "a", "x", &at), REASON_NONE);
        assert_int_equal(at.version, 1);
        assert_int_equal(emit_one(f, "s", "b", "x", &at), REASON_STREAM_TOMBSTONED);
        assert_int_equal(emit_one(f, "t", restart ? "c" : "d", "x", &at), REASON_NONE);
        assert_int_equal(delete_some(f, &request, &deleted, &order_id), REASON_NONE);
        assert_int_equal(order_id, 0);
        fixture_unload(f);
        fixture_load(f);
    }
    fixture_verify(f);
}

/* semantics 5 */
static void a_tombstone_is_seen_by_what_follows_in_the_same_commit(void **state)
{
    struct fixture *f = *state;
    const struct delete_request request = {.stream_name = text_span("never"), .tombstone = true};
    struct submission submission;
    struct bytes *raw;
    struct batch b;
    batch_begin(&b);
    batch_event(&b, "other", "a", "x");
    batch_event(&b, "never", "b", "x");
    commit_begin(f);
    delete_add(f, &request, &submission, &raw);
    batch_add(f, &b);
    commit_write(f);
    assert_non_null(b.submission.error);
    assert_int_equal(b.submission.error->reason, REASON_STREAM_TOMBSTONED);
    assert_int_equal(b.submission.error->event_index, 1);
    assert_true(submission.recorded);
    assert_int_equal(submission.deleted_events, 0);
    batch_end(&b);
    submission_fini(&submission);
    bytes_unref(raw);
    fixture_verify(f);
}

/* An older photond would take what it does not know for something else. */
static void the_format_rises_with_the_first_cut_that_needs_it_and_not_before(void **state)
{
    struct fixture *f = *state;
    struct delete_request request = {.stream_name = text_span("s")};
    uint64_t deleted;
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        emit_one(f, "s", id, "x", NULL);
    }
    emit_one(f, "t", "t", "x", NULL);
    request.stream_name = text_span("t");
    assert_int_equal(delete_some(f, &request, &deleted, NULL), REASON_NONE);
    assert_int_equal(log_place(f->log)->format, LOG_FORMAT_FIRST);
    request = (struct delete_request){.stream_name = text_span("s"), .before_version = 2};
    assert_int_equal(delete_some(f, &request, &deleted, NULL), REASON_NONE);
    fixture_unload(f);
    fixture_load(f);
    assert_int_equal(log_place(f->log)->format, LOG_FORMAT_CUTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(truncation_keeps_what_is_behind_it_and_the_event_ids),
        TEST(a_truncation_whose_expectation_fails_takes_nothing),
        TEST(a_tombstone_lets_retries_through_and_nothing_else_for_ever),
        TEST(a_tombstone_is_seen_by_what_follows_in_the_same_commit),
        TEST(the_format_rises_with_the_first_cut_that_needs_it_and_not_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
