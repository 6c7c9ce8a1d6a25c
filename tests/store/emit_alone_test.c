/*
 * emit_alone_test.c - Emit and DeleteStream alone, and the submissions that they make.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alone.h"
#include "store/emit.h"
#include "tests/lib/allocs.h"
#include "wire/text.h"

enum { ALLOCATIONS_MAX = 1000 };

static struct bytes *deletion(const char *stream)
{
    struct delete_request asked = {.stream_name = text_span(stream)};
    return delete_request_encode(&asked);
}

/* ---- Emit and DeleteStream ---- */

/* semantics 3 */
static void an_event_without_an_id_gets_one_and_the_others_keep_theirs(void **state)
{
    (void)state;
    struct serve_call call;
    alone_begin(&emit_method, &call, alone_request("s", 4, 0, true));
    const struct submission *sub = committer.held.first;
    assert_int_equal(sub->request.events_len, 4);
    for (size_t i = 0; i < 4; i++) {
        struct event event;
        assert_true(event_read(sub->request.events[i].raw, &event));
        assert_true(text_equal(event.event_id, sub->request.events[i].event_id));
        assert_int_equal(event.event_id.len, i % 2 ? 18 : 36);
    }
    alone_hand_all_back();
    struct emit_response response;
    assert_int_equal(emit_response_decode(bytes_span(call.message), &response), REASON_NONE);
    assert_int_equal(response.stored_len, 4);
    assert_int_equal(response.stored[3].order_id, 4);
    free(response.stored);
    alone_end(&emit_method, &call);
}

static void what_the_committer_refuses_or_fails_is_told_to_the_caller(void **state)
{
    (void)state;
    const struct serve_method *methods[] = {&emit_method, &delete_method};
    for (int i = 0; i < 2; i++) {
        struct serve_call call;
        struct error error;
        committer.refuses = REASON_STORE_FULL;
        alone_begin(methods[i], &call, i ? deletion("s") : alone_request("s", 1, 0, false));
        assert_int_equal(call.end.reason, REASON_STORE_FULL);
        alone_end(methods[i], &call);
        committer.refuses = REASON_NONE;
        alone_begin(methods[i], &call, i ? deletion("s") : alone_request("s", 1, 0, false));
        error_set(&error, REASON_WRONG_VERSION, "as told");
        alone_hand_back(&error);
        assert_int_equal(call.end.reason, REASON_WRONG_VERSION);
        alone_end(methods[i], &call);
        alone_begin(methods[i], &call, bytes_copy("\xff", 1));
        assert_int_equal(call.end.reason, REASON_INVALID_ARGUMENT);
        alone_end(methods[i], &call);
    }
}

/* semantics 8 */
static void what_a_client_submitted_that_vanished_is_committed_all_the_same(void **state)
{
    (void)state;
    struct serve_call call;
    alone_begin(&emit_method, &call, alone_request("s", 1, 0, false));
    emit_method.lost(&call);
    assert_false(call.finished);
    alone_hand_all_back();
    alone_end(&emit_method, &call);
}

/* semantics 5 */
static void a_deletion_is_recorded_as_json_whatever_the_name(void **state)
{
    (void)state;
    struct serve_call call;
    struct delete_response response;
    alone_begin(&delete_method, &call, deletion("a\"b\\c"));
    struct span payload = committer.held.first->request.events[0].payload;
    assert_true(text_equal(payload, text_span("{\"stream-name\":\"a\\\"b\\\\c\"}")));
    alone_hand_all_back();
    assert_int_equal(delete_response_decode(bytes_span(call.message), &response), REASON_NONE);
    assert_int_equal(response.deleted_events, 7);
    assert_int_equal(response.order_id, 1);
    alone_end(&delete_method, &call);
}

static void a_deletion_that_finds_nothing_has_no_order_id(void **state)
{
    (void)state;
    struct serve_call call;
    struct delete_response response;
    alone_begin(&delete_method, &call, deletion("s"));
    struct submission *sub = chain_shift(&committer.held);
    sub->done(sub, false);
    assert_int_equal(delete_response_decode(bytes_span(call.message), &response), REASON_NONE);
    assert_int_equal(response.order_id, 0);
    alone_end(&delete_method, &call);
}

static void a_deletion_whose_event_cannot_be_read_is_not_submitted(void **state)
{
    (void)state;
    struct submission sub;
    struct expect none = {.kind = EXPECT_NONE};
    assert_false(submission_init_delete(&sub, text_span("s"), &none,
                                        (struct span){(const uint8_t *)"\x0a\xff", 2}));
}

/* semantics 8 */
static void a_call_without_memory_is_told_to_retry_wherever_it_runs_out(void **state)
{
    (void)state;
    const struct serve_method *methods[] = {&emit_method, &delete_method};
    for (int i = 0; i < 2; i++) {
        long nth = 0;
        do {
            struct serve_call call;
            struct bytes *message = i ? deletion("s") : alone_request("s", 3, 0, true);
            allocs_arm(++nth, false);
            alone_begin(methods[i], &call, message);
            bool committed = committer.held.first != NULL;
            alone_hand_all_back();
            allocs_disarm();
            assert_true(call.finished && nth < ALLOCATIONS_MAX);
            assert_true(allocs_hit() ? call.end.retryable : call.end.reason == REASON_NONE);
            assert_true(!call.end.reason || call.end.maybe_applied || !committed);
            alone_end(methods[i], &call);
        } while (allocs_hit());
        assert_true(nth > 5);
    }
}

/* ---- submissions ---- */

static void a_failure_takes_the_place_of_one_that_there_was_no_memory_for(void **state)
{
    (void)state;
    struct submission sub;
    struct error error;
    error_set(&error, REASON_WRONG_VERSION, "as told");
    allocs_arm(1, true);
    assert_false(submission_init_refused(&sub, &error));
    submission_fail(&sub, &error);
    assert_int_equal(sub.error->reason, REASON_BUSY); /* and can be retried */
    allocs_disarm();
    submission_fail(&sub, &error);
    assert_int_equal(sub.error->reason, REASON_WRONG_VERSION);
    submission_fail(&sub, &error); /* in place */
    submission_fini(&sub);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, alone_setup, alone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_without_an_id_gets_one_and_the_others_keep_theirs),
        TEST(what_the_committer_refuses_or_fails_is_told_to_the_caller),
        TEST(what_a_client_submitted_that_vanished_is_committed_all_the_same),
        TEST(a_deletion_is_recorded_as_json_whatever_the_name),
        TEST(a_deletion_that_finds_nothing_has_no_order_id),
        TEST(a_deletion_whose_event_cannot_be_read_is_not_submitted),
        TEST(a_call_without_memory_is_told_to_retry_wherever_it_runs_out),
        TEST(a_failure_takes_the_place_of_one_that_there_was_no_memory_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
