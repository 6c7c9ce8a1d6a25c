/*
 * seen_test.c - how subscriptions are seen to stand, and what is counted of what is read.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/metrics.h"
#include "store/read.h"
#include "wire/text.h"
#include "wired.h"

static struct metrics metrics_of(struct bench *bench)
{
    struct metrics metrics = {0};
    metrics_take_measures(&metrics, &bench->rig.store.measures);
    return metrics;
}

static void wait_until_seen(struct bench *bench, uint64_t reading, uint64_t caught_up,
                            uint64_t stalled)
{
    const struct metrics wanted = {.subscriptions = {reading, caught_up, stalled}};
    struct metrics metrics;
    do {
        sched_yield();
        metrics = metrics_of(bench);
    } while (memcmp(metrics.subscriptions, wanted.subscriptions, sizeof wanted.subscriptions) != 0);
}

static void a_subscription_is_caught_up_or_stalled_or_neither(void **state)
{
    (void)state;
    struct bench bench;
    struct follower stuck, honest;
    bench_open(&bench, 0, 0);
    for (int i = 0; i < 12; i++) {
        rig_begin(&bench.rig, 1, 1);
        for (int k = 0; k < 64; k++)
            rig_add(&bench.rig, k % 2, 0, 16000);
        rig_end(&bench.rig);
    }
    follow(&honest, &bench, "c", STREAM_HOT_COLD);
    expect_marker(&honest, PART_CAUGHT_UP, bench.rig.end.last_order_id);
    wait_until_seen(&bench, 0, 1, 0);
    assert_int_equal(metrics_of(&bench).lag_max_us, 0);
    follow(&stuck, &bench, "__all__", STREAM_HOT_COLD); /* asks for nothing */
    wait_until_seen(&bench, 0, 1, 1);
    struct metrics metrics = metrics_of(&bench);
    assert_true(metrics.lag_max_us > 0); /* the rig's events are of 1970 */
    assert_true(metrics.lag_us.bin[0] > 0 && metrics.lag_us.bin[HISTOGRAM_BINS - 1] > 0);
    follower_cancel(&stuck);
    wait_until_seen(&bench, 0, 1, 0);
    follower_cancel(&honest);
    wait_until_seen(&bench, 0, 0, 0);
    assert_int_equal(metrics_of(&bench).lag_max_us, 0);
    bench_close(&bench);
}

static void what_is_delivered_is_counted_once(void **state)
{
    (void)state;
    struct bench bench;
    struct follower follower;
    struct part part;
    uint64_t bytes = 0;
    bench_open(&bench, 1 << 20, 0);
    for (int i = 0; i < 10; i++)
        rig_commit(&bench.rig, 300);
    follow(&follower, &bench, "__all__", STREAM_COLD);
    while (follower_next(&follower, &part))
        bytes += part.event.len;
    expect_ok(&follower);
    struct metrics metrics = metrics_of(&bench);
    assert_int_equal(metrics.delivered_events[MEASURES_SUBSCRIBE], bench.rig.events_len);
    assert_true(metrics.delivered_messages[MEASURES_SUBSCRIBE] > 1);
    assert_true(metrics.delivered_bytes[MEASURES_SUBSCRIBE] > bytes);
    assert_int_equal(metrics.delivered_events[MEASURES_READ], 0);
    bench_close(&bench);
}

static void a_page_counts_as_a_read(void **state)
{
    (void)state;
    struct bench bench;
    struct subscribe_request request = {.stream_name = text_span("__all__"), .limit = 70};
    struct bytes *message;
    struct error error;
    bench_open(&bench, 1 << 20, 0);
    rig_commit(&bench.rig, 300);
    struct caller_stream *stream = caller_stream_open(bench.caller, "/muon.v1.PhotonService/Read");
    caller_stream_send(stream, read_request_encode(&request), true);
    while ((message = caller_stream_read(stream)))
        bytes_unref(message);
    assert_int_equal(caller_stream_end(stream, &error), REASON_NONE);
    caller_stream_free(stream);
    struct metrics metrics = metrics_of(&bench);
    assert_int_equal(metrics.delivered_events[MEASURES_READ], 70);
    assert_int_equal(metrics.delivered_events[MEASURES_SUBSCRIBE], 0);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_is_caught_up_or_stalled_or_neither),
        cmocka_unit_test(what_is_delivered_is_counted_once),
        cmocka_unit_test(a_page_counts_as_a_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
