/*
 * subscribe_test.c - the Subscribe call over a real connection, against a store that the test fills by hand: what is sent, and in which
 * order.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store/keys.h"
#include "wire/event.h"
#include "wire/text.h"
#include "wired.h"

/* semantics 12 */
static void a_cold_call_gives_what_is_stored_and_ends_with_ok(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 50; i++)
        rig_commit(&bench.rig, 40);
    follow(&follower, &bench, "__all__", STREAM_COLD);
    expect_events(&follower, &bench.rig, -1, 0);
    expect_ok(&follower);
    follow(&follower, &bench, "a/2", STREAM_COLD);
    expect_events(&follower, &bench.rig, 1, 0);
    expect_ok(&follower);
    follow(&follower, &bench, "nobody", STREAM_COLD);
    expect_ok(&follower);
    bench_close(&bench);
}

/* semantics 12 */
static void a_hot_call_begins_with_caught_up_and_gives_only_what_comes(void **state)
{
    (void)state;
    static const char *const names[] = {"__all__", "a/1", "a/**"};
    struct bench bench;
    bench_open(&bench, 1 << 20, 0);
    rig_commit(&bench.rig, 40);
    for (int i = 0; i < 3; i++) {
        struct follower follower;
        size_t before = bench.rig.events_len;
        follow(&follower, &bench, names[i], STREAM_HOT);
        expect_marker(&follower, PART_CAUGHT_UP, bench.rig.end.last_order_id);
        for (int k = 0; k < 20; k++)
            add_one(&bench, 0);
        expect_events(&follower, &bench.rig, 0, before);
        follower_cancel(&follower);
    }
    bench_close(&bench);
}

/* semantics 12 */
static void a_hot_cold_call_gives_what_is_stored_then_the_marker_then_what_comes(void **state)
{
    (void)state;
    static const char *const names[] = {"__all__", "a/1", "a/1**", "nobody"};
    static const int streams[] = {-1, 0, 0, RIG_STREAMS};
    struct bench bench;
    bench_open(&bench, 0, 0); /* all from disk */
    rig_commit(&bench.rig, 60);
    for (int i = 0; i < 4; i++) {
        struct follower follower;
        follow(&follower, &bench, names[i], STREAM_HOT_COLD);
        expect_events(&follower, &bench.rig, streams[i], 0);
        assert_true(follower.messages <= 1);
        expect_marker(&follower, PART_CAUGHT_UP, bench.rig.end.last_order_id);
        assert_int_equal(follower.messages, 1); /* events before the marker, in one message */
        for (int k = 0; k < 20; k++) {
            size_t before = bench.rig.events_len;
            add_one(&bench, 0);
            expect_events(&follower, &bench.rig, streams[i], before);
        }
        follower_cancel(&follower);
    }
    bench_close(&bench);
}

static void types_limits_and_places_are_kept_to(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 9; i++) {
        rig_begin(&bench.rig, 10, 1000);
        rig_add(&bench.rig, 0, i % 3, 10);
        rig_end(&bench.rig);
    }
    const struct rig_event *events = bench.rig.events;
    const struct {
        struct subscribe_request request;
        int given[10]; /* indexes, then -1 */
    } cases[] = {
        {{.event_type = {text_span("Changed")}, .event_types = 1}, {1, 4, 7, -1}},
        {{.event_type = {text_span("Made"), text_span("Ended")}, .event_types = 2, .limit = 3},
         {0, 2, 3, -1}},
        {{.limit = 2}, {0, 1, -1}},
        {{.from_kind = FROM_VERSION, .from = 8}, {7, 8, -1}},
        {{.from_kind = FROM_TIME, .from = (uint64_t)events[5].time_ms - 1}, {5, 6, 7, 8, -1}},
        {{.from_kind = FROM_ORDER_ID, .from = events[6].order_id}, {6, 7, 8, -1}},
        {{.from_kind = FROM_ORDER_ID, .from = events[6].order_id + 1, .limit = 1}, {7, -1}},
        {{.from_kind = FROM_ORDER_ID, .from = events[8].order_id + 1000}, {-1}},
        {{.from_kind = FROM_VERSION, .from = 100}, {-1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct subscribe_request request = cases[i].request;
        request.stream_name = text_span("a/1");
        request.type = STREAM_COLD;
        follower_open(&follower, bench.caller, &request);
        for (const int *given = cases[i].given; *given >= 0; given++)
            assert_int_equal(next_order_id(&follower), events[*given].order_id);
        expect_ok(&follower);
    }
    bench_close(&bench);
}

static void a_place_in_the_future_is_waited_for(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 3; i++)
        add_one(&bench, 0);
    struct rig_event last = bench.rig.events[2];
    const struct subscribe_request requests[] = {
        {.stream_name = text_span("a/1"), .from_kind = FROM_VERSION, .from = 6},
        {.stream_name = text_span("__all__"),
         .from_kind = FROM_ORDER_ID,
         .from = last.order_id + 6},
        {.stream_name = text_span("a/**"),
         .from_kind = FROM_TIME,
         .from = (uint64_t)last.time_ms + 3},
        {.stream_name = text_span("a/1"),
         .from_kind = FROM_TIME,
         .from = (uint64_t)last.time_ms + 3}};
    struct follower followers[4];
    for (int i = 0; i < 4; i++) {
        struct subscribe_request request = requests[i];
        request.type = STREAM_HOT_COLD;
        follower_open(&followers[i], bench.caller, &request);
        expect_marker(&followers[i], PART_CAUGHT_UP, last.order_id);
    }
    for (int i = 0; i < 5; i++) /* two order ids and a millisecond apart */
        add_one(&bench, 0);
    for (int i = 0; i < 4; i++) {
        expect_events(&followers[i], &bench.rig, -1, 5);
        follower_cancel(&followers[i]);
    }
    bench_close(&bench);
}

/* semantics 5 */
static void truncated_comes_first_when_the_beginning_was_deleted(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    bench_open(&bench, 1 << 20, 0);
    add_one(&bench, 0);
    rig_begin(&bench.rig, 0, 0);
    rig_delete(&bench.rig, 0);
    rig_end(&bench.rig);
    uint64_t cut = bench.rig.end.last_order_id;
    add_one(&bench, 0);
    follow(&follower, &bench, "a/1", STREAM_HOT_COLD);
    expect_marker(&follower, PART_TRUNCATED, cut);
    expect_events(&follower, &bench.rig, -1, 2);
    expect_marker(&follower, PART_CAUGHT_UP, bench.rig.end.last_order_id);
    follower_cancel(&follower);
    bench_close(&bench);
}

/* The event that was stored last, and CaughtUp: in the order in which the reader met them. */
static void expect_last_and_caught_up(struct follower *follower, const struct rig *rig)
{
    struct part part;
    struct event event;
    int events = 0, markers = 0;
    while (events + markers < 2) {
        assert_true(follower_next(follower, &part));
        events += part.kind == PART_EVENT;
        markers += part.kind == PART_CAUGHT_UP;
        if (part.kind != PART_EVENT)
            continue;
        assert_true(event_read(part.event, &event));
        assert_int_equal(event.order_id, rig->end.last_order_id);
    }
    assert_int_equal(events, 1);
}

/* semantics 5 */
static void truncated_comes_in_the_middle_when_the_rest_is_deleted_meanwhile(void **state)
{
    enum { EVENTS = 100, BYTES = 100000 }; /* far more than is under way at a time */
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    bench_open(&bench, 0, 0);
    rig_begin(&bench.rig, 0, 0);
    for (int i = 0; i < EVENTS; i++)
        rig_add(&bench.rig, 0, 0, BYTES);
    rig_end(&bench.rig);
    follow(&follower, &bench, "a/1", STREAM_HOT_COLD);
    assert_int_equal(next_order_id(&follower), bench.rig.events[0].order_id);
    rig_begin(&bench.rig, 0, 0);
    rig_delete(&bench.rig, 0);
    rig_end(&bench.rig);
    uint64_t cut = bench.rig.end.last_order_id;
    add_one(&bench, 0);
    int given = 1;
    while (follower_next(&follower, &part) && part.kind != PART_TRUNCATED)
        given += part.kind == PART_EVENT;
    assert_int_equal(part.kind, PART_TRUNCATED);
    assert_int_equal(part.order_id, cut);
    assert_true(given < EVENTS);
    expect_last_and_caught_up(&follower, &bench.rig);
    follower_cancel(&follower);
    bench_close(&bench);
}

/* semantics 9 */
static void another_store_or_incarnation_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct error error;
    struct part part;
    bench_open(&bench, 1 << 20, 0);
    const char *id = log_store_id(bench.rig.store.log);
    struct subscribe_request request = {.stream_name = text_span("a"),
                                        .type = STREAM_COLD,
                                        .store_id = text_span(id),
                                        .incarnation = log_incarnation(bench.rig.store.log)};
    follower_open(&follower, bench.caller, &request);
    expect_ok(&follower);
    request.incarnation++;
    follower_open(&follower, bench.caller, &request);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_WRONG_STORE);
    request.incarnation--;
    request.store_id = text_span("another");
    follower_open(&follower, bench.caller, &request);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_WRONG_STORE);
    bench_close(&bench);
}

/* semantics 13 */
static void a_reader_of_a_quiet_stream_is_told_how_far_it_is(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 13; i++)
        rig_commit(&bench.rig, 1000);
    uint64_t head = bench.rig.end.last_order_id, seen = 0;
    follow(&follower, &bench, "x**", STREAM_HOT_COLD);
    for (int i = 0; i < 2; i++) { /* 13,000 events passed over */
        assert_true(follower_next(&follower, &part));
        assert_int_equal(part.kind, PART_CHECKPOINT);
        assert_int_equal(part.head_order_id, head);
        assert_true(part.order_id > seen && part.order_id < head);
        seen = part.order_id;
    }
    expect_marker(&follower, PART_CAUGHT_UP, head);
    expect_marker(&follower, PART_CHECKPOINT, head); /* time passes */
    add_one(&bench, 0);
    do
        assert_true(follower_next(&follower, &part));
    while (part.order_id == head);
    assert_int_equal(part.kind, PART_CHECKPOINT);
    assert_int_equal(part.order_id, bench.rig.end.last_order_id);
    follower_cancel(&follower);
    bench_close(&bench);
}

static void a_damaged_record_ends_the_call_after_what_stands_before_it(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    struct error error;
    bench_open(&bench, 0, 0);
    add_one(&bench, 0);
    add_one(&bench, 0);
    struct key key = key_record(bench.rig.end.last_order_id);
    struct log_batch *batch = log_batch_new();
    log_batch_put(batch, key_span(&key), text_span("not a record"));
    assert_int_equal(log_write(bench.rig.store.log, batch, &error), REASON_NONE);
    log_batch_free(batch);
    follow(&follower, &bench, "__all__", STREAM_HOT_COLD);
    assert_int_equal(next_order_id(&follower), bench.rig.events[0].order_id);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_CORRUPT);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cold_call_gives_what_is_stored_and_ends_with_ok),
        cmocka_unit_test(a_hot_call_begins_with_caught_up_and_gives_only_what_comes),
        cmocka_unit_test(a_hot_cold_call_gives_what_is_stored_then_the_marker_then_what_comes),
        cmocka_unit_test(types_limits_and_places_are_kept_to),
        cmocka_unit_test(a_place_in_the_future_is_waited_for),
        cmocka_unit_test(truncated_comes_first_when_the_beginning_was_deleted),
        cmocka_unit_test(truncated_comes_in_the_middle_when_the_rest_is_deleted_meanwhile),
        cmocka_unit_test(another_store_or_incarnation_is_refused),
        cmocka_unit_test(a_reader_of_a_quiet_stream_is_told_how_far_it_is),
        cmocka_unit_test(a_damaged_record_ends_the_call_after_what_stands_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
