/*
 * emit_stream_alone_test.c - EmitStream alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alone.h"
#include "store/emit_stream.h"
#include "tests/lib/allocs.h"

enum { ALLOCATIONS_MAX = 1000 };

/* ---- EmitStream ---- */

static struct bytes *append(struct bytes *message, uint64_t number, struct bytes *batch)
{
    struct bytes *part = emit_stream_part(number, bytes_span(batch));
    size_t before = message ? message->len : 0;
    struct bytes *all = bytes_new(before + part->len);
    if (before)
        memcpy(all->data, message->data, before);
    memcpy(all->data + before, part->data, part->len);
    bytes_unref(message);
    bytes_unref(part);
    bytes_unref(batch);
    return all;
}

static void stream_open(struct serve_call *call)
{
    alone_begin(&emit_stream_method, call, NULL);
    assert_int_equal(call->reads, 1);
}

/* What the call has asked for; NULL: the client says nothing more. */
static void give(struct serve_call *call, struct bytes *message)
{
    assert_int_equal(call->reads, 1);
    call->reads = 0;
    emit_stream_method.message(call, message);
    bytes_unref(message);
}

static void sent(struct serve_call *call)
{
    assert_true(call->sending);
    call->sending = false;
    emit_stream_method.sent(call, true);
}

static size_t answers_in(const struct bytes *message)
{
    struct span rest = bytes_span(message), response, error;
    uint64_t number;
    size_t n = 0;
    while (emit_result_next(&rest, &number, &response, &error) == 1)
        n++;
    return n;
}

/* semantics 7 */
static void answers_that_come_while_one_is_sent_are_sent_together(void **state)
{
    (void)state;
    struct serve_call call;
    stream_open(&call);
    for (uint64_t number = 1; number <= 3; number++) {
        give(&call, append(NULL, number, alone_request("s", 1, 0, false)));
        alone_hand_back(NULL);
    }
    assert_int_equal(call.sent, 1);
    sent(&call);
    assert_int_equal(call.sent, 2);
    assert_int_equal(answers_in(call.message), 2);
    give(&call, NULL);
    assert_false(call.finished);
    sent(&call);
    assert_int_equal(call.end.reason, REASON_NONE);
    alone_end(&emit_stream_method, &call);
}

/* semantics 7 */
static void a_call_reads_on_when_what_it_has_submitted_is_below_its_quota(void **state)
{
    (void)state;
    struct serve_call call;
    uint64_t number = 0;
    stream_open(&call);
    while (call.reads)
        give(&call, append(NULL, ++number, alone_request("s", 1, 60000, false)));
    assert_true(committer.held.bytes >= EMIT_STREAM_QUOTA_BYTES);
    assert_true(committer.held.bytes < EMIT_STREAM_QUOTA_BYTES + 100000);
    alone_hand_all_back(); /* all of one call: it goes on behind the last */
    give(&call, NULL);
    assert_int_equal(answers_in(call.message), number);
    sent(&call);
    alone_end(&emit_stream_method, &call);
}

/* semantics 7 */
static void a_client_that_takes_no_answers_is_not_read(void **state)
{
    (void)state;
    struct serve_call call;
    uint64_t number = 0;
    stream_open(&call);
    while (call.reads) { /* one is being sent, and the others gather */
        give(&call, append(NULL, ++number, alone_request("s", 500, 0, false)));
        alone_hand_all_back();
        assert_true(number < 1000);
    }
    assert_int_equal(call.sent, 1);
    sent(&call);
    assert_true(call.message->len >= 256 * 1024);
    assert_int_equal(call.reads, 0);
    sent(&call);
    give(&call, NULL);
    alone_end(&emit_stream_method, &call);
}

/* semantics 7 */
static void nothing_is_read_or_answered_behind_a_failure_that_can_be_retried(void **state)
{
    (void)state;
    struct serve_call call;
    struct error error;
    error_set(&error, REASON_STORE_UNAVAILABLE, "as told");
    stream_open(&call);
    give(&call, append(append(NULL, 1, alone_request("s", 1, 0, false)), 2,
                       alone_request("s", 1, 0, false)));
    give(&call, append(NULL, 3, alone_request("s", 1, 0, false)));
    alone_hand_back(&error);
    alone_hand_back(&error);
    give(&call, append(NULL, 4, alone_request("s", 1, 0, false))); /* was asked for before */
    assert_int_equal(committer.held.len, 1);
    alone_hand_back(NULL);
    assert_int_equal(call.sent, 0);
    assert_int_equal(call.reads, 0);
    assert_int_equal(call.end.reason, REASON_STORE_UNAVAILABLE);
    alone_end(&emit_stream_method, &call);
}

static void an_empty_message_asks_for_the_next(void **state)
{
    (void)state;
    struct serve_call call;
    stream_open(&call);
    give(&call, bytes_new(0));
    assert_null(committer.held.first);
    give(&call, NULL);
    alone_end(&emit_stream_method, &call);
}

/* semantics 8 */
static void a_message_that_the_committer_refuses_ends_the_call(void **state)
{
    (void)state;
    struct serve_call call;
    stream_open(&call);
    committer.refuses = REASON_STORE_FULL;
    give(&call, append(NULL, 1, alone_request("s", 1, 0, false)));
    assert_int_equal(call.end.reason, REASON_STORE_FULL);
    alone_end(&emit_stream_method, &call);
}

/* semantics 7 */
static void a_message_of_too_many_batches_ends_the_call(void **state)
{
    (void)state;
    enum { BATCHES = 65536 + 1 };
    struct serve_call call;
    struct bytes *batch = alone_request("s", 1, 0, false), *all = NULL;
    size_t len = 0;
    for (int pass = 0; pass < 2; pass++) { /* measure, then write */
        if (pass)
            all = bytes_new(len);
        len = 0;
        for (uint64_t number = 1; number <= BATCHES; number++) {
            struct bytes *part = emit_stream_part(number, bytes_span(batch));
            if (pass)
                memcpy(all->data + len, part->data, part->len);
            len += part->len;
            bytes_unref(part);
        }
    }
    bytes_unref(batch);
    stream_open(&call);
    give(&call, all);
    assert_int_equal(call.end.reason, REASON_INVALID_ARGUMENT);
    assert_non_null(strstr(call.end.message, "65536 batches"));
    assert_null(committer.held.first);
    alone_end(&emit_stream_method, &call);
}

/* semantics 10 */
static void so_many_calls_may_be_open_and_the_next_is_told_busy(void **state)
{
    (void)state;
    struct serve_call calls[ALONE_CALLS_MAX], more;
    static const int order[ALONE_CALLS_MAX] = {
        1, 2, 0}; /* from the middle, the beginning, the last one */
    for (int i = 0; i < ALONE_CALLS_MAX; i++)
        stream_open(&calls[i]);
    alone_begin(&emit_stream_method, &more, NULL);
    assert_int_equal(more.end.reason, REASON_BUSY);
    alone_end(&emit_stream_method, &more);
    for (int i = 0; i < ALONE_CALLS_MAX; i++) {
        give(&calls[order[i]], NULL);
        alone_end(&emit_stream_method, &calls[order[i]]);
        stream_open(&more); /* there is room again */
        give(&more, NULL);
        alone_end(&emit_stream_method, &more);
    }
}

/* semantics 8 */
static void when_the_store_goes_down_calls_end_with_their_answers_and_none_begins(void **state)
{
    (void)state;
    struct serve_call waits, idle, late;
    stream_open(&waits);
    give(&waits, append(NULL, 1, alone_request("s", 1, 0, false)));
    stream_open(&idle);
    emit_calls_stop(alone_store.emits);
    emit_calls_stop(alone_store.emits); /* once more changes nothing */
    assert_int_equal(idle.end.reason, REASON_SHUTTING_DOWN);
    assert_false(waits.finished);
    alone_hand_all_back();
    assert_int_equal(waits.end.reason, REASON_SHUTTING_DOWN);
    alone_begin(&emit_stream_method, &late, NULL);
    assert_int_equal(late.end.reason, REASON_SHUTTING_DOWN);
    emit_stream_method.lost(&late); /* may come for a call that was never taken */
    alone_end(&emit_stream_method, &late);
    alone_end(&emit_stream_method, &idle);
    alone_end(&emit_stream_method, &waits);
}

/* semantics 8 */
static void a_call_that_is_lost_ends_when_what_it_submitted_is_back(void **state)
{
    (void)state;
    struct serve_call call;
    stream_open(&call);
    give(&call, append(NULL, 1, alone_request("s", 1, 0, false)));
    emit_stream_method.lost(&call);
    assert_false(call.finished);
    alone_hand_all_back();
    assert_int_equal(call.end.reason, REASON_CALLER_GONE);
    alone_end(&emit_stream_method, &call);
}

/* semantics 7, 8 */
static void a_stream_without_memory_ends_with_a_failure_that_can_be_retried(void **state)
{
    (void)state;
    long nth = 0;
    do {
        struct serve_call call;
        struct bytes *message = append(append(append(NULL, 1, alone_request("s", 1000, 0, true)), 2,
                                              alone_request("", 1, 0, false)),
                                       3, alone_request("s", 1, 0, false));
        allocs_arm(++nth, false);
        alone_begin(&emit_stream_method, &call, NULL);
        if (call.reads)
            give(&call, bytes_ref(message));
        for (struct submission *sub = committer.held.first; sub; sub = sub->next)
            assert_false(sub->error &&
                         sub->error->retryable); /* what is behind it would be stored */
        alone_hand_all_back();
        allocs_disarm();
        while (call.sending)
            sent(&call);
        if (call.reads && !call.finished)
            give(&call, NULL);
        assert_true(call.finished && nth < ALLOCATIONS_MAX);
        assert_true(allocs_hit() ? call.end.retryable : call.end.reason == REASON_NONE);
        alone_end(&emit_stream_method, &call);
        bytes_unref(message);
    } while (allocs_hit());
    assert_true(nth > 10);
}

static void without_memory_for_the_calls_there_are_none(void **state)
{
    (void)state;
    allocs_arm(1, false);
    assert_null(emit_calls_new(1));
    allocs_disarm();
    emit_calls_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, alone_setup, alone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_that_come_while_one_is_sent_are_sent_together),
        TEST(a_call_reads_on_when_what_it_has_submitted_is_below_its_quota),
        TEST(a_client_that_takes_no_answers_is_not_read),
        TEST(nothing_is_read_or_answered_behind_a_failure_that_can_be_retried),
        TEST(an_empty_message_asks_for_the_next),
        TEST(a_message_that_the_committer_refuses_ends_the_call),
        TEST(a_message_of_too_many_batches_ends_the_call),
        TEST(so_many_calls_may_be_open_and_the_next_is_told_busy),
        TEST(when_the_store_goes_down_calls_end_with_their_answers_and_none_begins),
        TEST(a_call_that_is_lost_ends_when_what_it_submitted_is_back),
        TEST(a_stream_without_memory_ends_with_a_failure_that_can_be_retried),
        TEST(without_memory_for_the_calls_there_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
