/*
 * crowd_test.c - many at a time over a real connection: stuck readers, clients that go away, a thousand that wait, and writers that do
 * not wait for any of them. And the other calls that read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "store/get.h"
#include "store/list.h"
#include "store/read.h"
#include "wire/event.h"
#include "wire/text.h"
#include "wired.h"

/* ---- slowness, disconnection, numbers ---- */

static void wait_for(size_t (*count)(struct subscriptions *), struct subscriptions *all,
                     size_t wanted)
{
    while (count(all) != wanted)
        sched_yield();
}

static void see_stuck(void *user, const struct subscription_info *info)
{
    *(size_t *)user += info->state == SUBSCRIPTION_STUCK;
}

static size_t stuck_ones(struct subscriptions *all)
{
    size_t stuck = 0;
    subscriptions_list(all, UINT64_MAX, SIZE_MAX, see_stuck, &stuck);
    return stuck;
}

static void expect_events_of_the_stuck(struct follower *stuck, const struct rig *rig)
{
    struct part part;
    struct event event;
    for (size_t i = 0; i < rig->events_len;) {
        assert_true(follower_next(stuck, &part));
        assert_true(part.kind != PART_CAUGHT_UP);
        if (part.kind != PART_EVENT)
            continue;
        assert_true(event_read(part.event, &event));
        assert_int_equal(event.order_id, rig->events[i++].order_id);
    }
}

static void a_stuck_reader_holds_its_place_and_no_memory_and_slows_nobody(void **state)
{
    (void)state;
    struct bench bench;
    struct follower stuck, honest;
    bench_open(&bench, 0, 0);
    struct subscriptions *all = bench.rig.store.subscriptions;
    for (int i = 0; i < 36; i++) { /* 37 MB: more than a network takes from a sender */
        rig_begin(&bench.rig, 1, 1);
        for (int k = 0; k < 64; k++)
            rig_add(&bench.rig, k % 2, 0, 16000);
        rig_end(&bench.rig);
    }
    follow(&stuck, &bench, "__all__", STREAM_HOT_COLD); /* asks for nothing */
    follow(&honest, &bench, "__all__", STREAM_HOT_COLD);
    expect_events(&honest, &bench.rig, -1, 0);
    expect_marker(&honest, PART_CAUGHT_UP, bench.rig.end.last_order_id);
    wait_for(stuck_ones, all, 1);
    wait_for(subscriptions_ahead, all, 0); /* what was made ahead for the stuck one is taken back */
    for (int i = 0; i < 100; i++) {
        add_one(&bench, 0);
        assert_int_equal(next_order_id(&honest), bench.rig.end.last_order_id);
    }
    expect_events_of_the_stuck(&stuck, &bench.rig);
    follower_cancel(&stuck);
    follower_cancel(&honest);
    wait_for(subscriptions_count, all, 0);
    bench_close(&bench);
}

static void a_client_that_goes_away_in_the_middle_leaves_nothing_behind(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 40; i++)
        rig_commit(&bench.rig, 500);
    for (int i = 0; i < 40; i++) {
        struct follower follower;
        follow(&follower, &bench, i % 2 ? "__all__" : "a/**", i % 3 ? STREAM_HOT_COLD : STREAM_HOT);
        for (int k = 0; k < i % 5 && i % 3; k++)
            next_order_id(&follower);
        follower_cancel(&follower);
    }
    wait_for(subscriptions_count, bench.rig.store.subscriptions, 0);
    assert_int_equal(subscriptions_ahead(bench.rig.store.subscriptions), 0);
    bench_close(&bench);
}

/* semantics 14 */
static void a_thousand_wait_and_each_gets_its_own(void **state)
{
    (void)state;
    enum { N = 1000 };
    static const char *const names[] = {"a/1", "a/2", "a/b/1", "b/1", "b", "c"};
    struct bench bench;
    struct follower *followers = calloc(N, sizeof *followers);
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < N; i++)
        follow(&followers[i], &bench, names[i % RIG_STREAMS], STREAM_HOT);
    for (int i = 0; i < N; i++)
        expect_marker(&followers[i], PART_CAUGHT_UP, 0);
    for (int k = 0; k < 2 * RIG_STREAMS; k++)
        add_one(&bench, k % RIG_STREAMS);
    for (int i = 0; i < N; i++) {
        expect_events(&followers[i], &bench.rig, i % RIG_STREAMS, 0);
        follower_cancel(&followers[i]);
    }
    bench_close(&bench);
    free(followers);
}

static void one_subscription_too_many_is_refused_with_advice(void **state)
{
    (void)state;
    struct bench bench;
    struct follower first, second;
    struct part part;
    struct error error;
    bench_open(&bench, 1 << 20, 1);
    follow(&first, &bench, "a", STREAM_HOT);
    expect_marker(&first, PART_CAUGHT_UP, 0);
    follow(&second, &bench, "a", STREAM_HOT);
    assert_false(follower_next(&second, &part));
    assert_int_equal(follower_end(&second, &error), REASON_BUSY);
    assert_int_equal(error.limit, 1);
    assert_true(error.retry_after_ms > 0);
    follower_cancel(&first);
    wait_for(subscriptions_count, bench.rig.store.subscriptions, 0);
    follow(&first, &bench, "a", STREAM_COLD);
    expect_ok(&first);
    bench_close(&bench);
}

static void going_down_ends_those_who_wait_and_refuses_new_ones(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    struct error error;
    bench_open(&bench, 1 << 20, 0);
    follow(&follower, &bench, "a", STREAM_HOT);
    expect_marker(&follower, PART_CAUGHT_UP, 0);
    subscriptions_stop(bench.rig.store.subscriptions);
    while (follower_next(&follower, &part))
        assert_int_equal(part.kind, PART_CHECKPOINT);
    assert_int_equal(follower_end(&follower, &error), REASON_SHUTTING_DOWN);
    follow(&follower, &bench, "a", STREAM_COLD);
    assert_false(follower_next(&follower, &part));
    assert_int_equal(follower_end(&follower, &error), REASON_SHUTTING_DOWN);
    bench_close(&bench);
}

/* ---- from cold to live while others write ---- */

enum { COMMITS = 10000, READERS = 4 };

struct crossing {
    struct bench *bench;
    _Atomic uint64_t seen[READERS]; /* the last order id that each has seen */
    int number;
};

static void *write_commits(void *arg)
{
    struct crossing *crossing = arg;
    struct rig *rig = &crossing->bench->rig;
    for (int i = 0; i < COMMITS; i++) {
        rig_begin(rig, (uint64_t)i % 3, 0);
        for (int k = 0; k <= i % 3; k++)
            rig_add(rig, 0, 0, 20);
        rig_end(rig);
        for (int r = 0; i % 2 && r < READERS; r++) /* let them wait at the head, often */
            while (atomic_load(&crossing->seen[r]) < rig->end.last_order_id)
                sched_yield();
    }
    return NULL;
}

struct reader {
    struct crossing *crossing;
    int number;
    uint64_t *given;
    size_t given_len, calls;
    uint64_t until;
};

/* Reads on, and now and then leaves and comes back after the last event seen. */
static void *read_and_come_back(void *arg)
{
    static const char *const names[READERS] = {"__all__", "a/1", "a/**", "**1"};
    struct reader *reader = arg;
    struct caller *caller = caller_open(reader->crossing->bench->target, NULL);
    struct part part;
    struct event event;
    uint64_t last = 0;
    while (reader->given_len < reader->until) {
        struct follower follower;
        struct subscribe_request request = {.stream_name = text_span(names[reader->number]),
                                            .type = STREAM_HOT_COLD,
                                            .from_kind = FROM_ORDER_ID,
                                            .from = last + 1};
        size_t stay = 1 + (size_t)(reader->given_len * 7 + (size_t)reader->number) % 400;
        follower_open(&follower, caller, &request);
        for (; stay > 0 && reader->given_len < reader->until; stay--) {
            if (!follower_next(&follower, &part))
                break;
            if (part.kind != PART_EVENT || !event_read(part.event, &event))
                continue;
            reader->given[reader->given_len++] = last = event.order_id;
            atomic_store(&reader->crossing->seen[reader->number], last);
        }
        follower_cancel(&follower);
        reader->calls++;
    }
    caller_close(caller);
    return NULL;
}

static void cross(size_t tail_bytes)
{
    struct bench bench;
    struct crossing crossing = {.bench = &bench};
    struct reader readers[READERS];
    pthread_t threads[READERS], writer;
    uint64_t events = 0;
    bench_open(&bench, tail_bytes, 0);
    for (int i = 0; i < COMMITS; i++)
        events += (uint64_t)(i % 3) + 1;
    for (int r = 0; r < READERS; r++) {
        readers[r] = (struct reader){.crossing = &crossing, .number = r, .until = events};
        readers[r].given = calloc(events, sizeof *readers[r].given);
        pthread_create(&threads[r], NULL, read_and_come_back, &readers[r]);
    }
    pthread_create(&writer, NULL, write_commits, &crossing);
    pthread_join(writer, NULL);
    for (int r = 0; r < READERS; r++) {
        pthread_join(threads[r], NULL);
        assert_int_equal(readers[r].given_len, bench.rig.events_len);
        for (size_t i = 0; i < events; i++)
            assert_int_equal(readers[r].given[i], bench.rig.events[i].order_id);
        assert_true(readers[r].calls > 50);
        free(readers[r].given);
    }
    bench_close(&bench);
}

/* semantics 12, 14 */
static void ten_thousand_commits_are_crossed_without_a_gap_or_a_double(void **state)
{
    (void)state;
    cross(1 << 20);
}

/* ---- the other calls ---- */

static void a_page_an_event_and_the_list_come_over_the_wire(void **state)
{
    (void)state;
    struct bench bench;
    struct bytes *answer;
    struct error error;
    struct part part;
    struct event event;
    struct span span;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 3; i++)
        add_one(&bench, i);
    struct subscribe_request read = {
        .stream_name = text_span("__all__"), .backwards = true, .limit = 2};
    assert_int_equal(
        caller_ask(bench.caller, read_method.path, read_request_encode(&read), &answer, &error),
        REASON_NONE);
    span = bytes_span(answer);
    for (int i = 2; i >= 1; i--) {
        assert_int_equal(part_next(&span, &part), 1);
        assert_true(event_read(part.event, &event));
        assert_int_equal(event.order_id, bench.rig.events[i].order_id);
    }
    assert_int_equal(span.len, 0);
    bytes_unref(answer);

    struct get_request get = {.by = GET_BY_VERSION, .stream_name = text_span("a/2"), .version = 1};
    assert_int_equal(
        caller_ask(bench.caller, get_method.path, get_request_encode(&get), &answer, &error),
        REASON_NONE);
    assert_int_equal(get_response_decode(bytes_span(answer), &span), REASON_NONE);
    assert_true(event_read(span, &event));
    assert_int_equal(event.order_id, bench.rig.events[1].order_id);
    bytes_unref(answer);
    get.version = 2;
    assert_int_equal(
        caller_ask(bench.caller, get_method.path, get_request_encode(&get), &answer, &error),
        REASON_NO_SUCH_EVENT);

    struct list_request list = {.pattern = text_span("a/**")};
    struct stream_info info;
    assert_int_equal(
        caller_ask(bench.caller, list_method.path, list_request_encode(&list), &answer, &error),
        REASON_NONE);
    span = bytes_span(answer);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stream_info_next(&span, &info), 1);
        assert_true(text_equal(info.stream_name, text_span(rig_stream(i))));
    }
    assert_int_equal(span.len, 0);
    bytes_unref(answer);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stuck_reader_holds_its_place_and_no_memory_and_slows_nobody),
        cmocka_unit_test(a_client_that_goes_away_in_the_middle_leaves_nothing_behind),
        cmocka_unit_test(a_thousand_wait_and_each_gets_its_own),
        cmocka_unit_test(one_subscription_too_many_is_refused_with_advice),
        cmocka_unit_test(going_down_ends_those_who_wait_and_refuses_new_ones),
        cmocka_unit_test(ten_thousand_commits_are_crossed_without_a_gap_or_a_double),
        cmocka_unit_test(a_page_an_event_and_the_list_come_over_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
