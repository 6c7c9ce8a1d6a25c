/*
 * admin_seen_test.c - what an administrator sees of a real photond: how it is doing, its subscriptions, its sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/exit_codes.h"
#include "tests/lib/caller.h"
#include "tests/lib/photond.h"
#include "wire/codec-admin.h"
#include "wire/codec.h"
#include "wire/text.h"

static struct photond *started(void)
{
    struct photond_options options = {.plain = true};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    return p;
}

static struct caller *admin_open(struct photond *p)
{
    char target[256];
    snprintf(target, sizeof target, "unix:%s/data/admin.sock", photond_dir(p));
    return caller_open(target, NULL);
}

static void emit(struct caller *caller, const char *stream, size_t payload_bytes)
{
    char *payload = calloc(1, payload_bytes + 1);
    memset(payload, 'x', payload_bytes);
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("Happened"),
                          .payload = text_span(payload)};
    const struct emit_request request = {.events = &event, .events_len = 1};
    struct bytes *answer = NULL;
    struct error error;
    if (caller_ask(caller, "/muon.v1.PhotonService/Emit", emit_request_encode(&request), &answer,
                   &error))
        fail_msg("%s", error.message);
    bytes_unref(answer);
    free(payload);
}

/* The next message of a Stats call. */
static struct stats_response next_stats(struct caller_stream *stream)
{
    struct stats_response stats;
    struct bytes *message = caller_stream_read(stream);
    assert_non_null(message);
    assert_int_equal(stats_response_decode(bytes_span(message), &stats), REASON_NONE);
    bytes_unref(message);
    return stats; /* but for its texts */
}

static void stats_count_what_was_stored(void **state)
{
    (void)state;
    struct photond *p = started();
    struct caller *client = caller_open(photond_address(p), NULL);
    struct caller *admin = admin_open(p);
    for (int i = 0; i < 3; i++)
        emit(client, "orders/1", 1000);
    struct caller_stream *stream = caller_stream_open(admin, "/muon.v1.AdminService/Stats");
    caller_stream_send(stream, stats_request_encode(0), true);
    struct stats_response stats = next_stats(stream);
    struct error error;
    assert_int_equal(stats.events, 3);
    assert_int_equal(stats.batches, 3);
    assert_in_range(stats.event_bytes, 3000, 4000);
    assert_int_equal(stats.log_level, ADMIN_LOG_INFO);
    assert_true(stats.writable);
    assert_true(stats.head_order_id > 0 && stats.disk_free_bytes > 0);
    assert_true(stats.started > 0 && stats.started <= stats.time);
    assert_int_equal(stats.services, 1); /* photon */
    assert_null(caller_stream_read(stream));
    assert_int_equal(caller_stream_end(stream, &error), REASON_NONE);
    caller_stream_free(stream);
    caller_close(client);
    caller_close(admin);
    photond_free(p);
}

static void a_watch_of_stats_goes_on_until_photond_stops(void **state)
{
    (void)state;
    struct photond *p = started();
    struct caller *admin = admin_open(p);
    struct caller_stream *stream = caller_stream_open(admin, "/muon.v1.AdminService/Stats");
    struct error error;
    caller_stream_send(stream, stats_request_encode(STATS_INTERVAL_MIN_MS), true);
    uint64_t time = 0;
    for (int i = 0; i < 3; i++) {
        struct stats_response stats = next_stats(stream);
        assert_true(stats.time > time);
        time = stats.time;
    }
    photond_signal(p, SIGTERM);
    struct bytes *message;
    while ((message = caller_stream_read(stream)))
        bytes_unref(message);
    assert_int_equal(caller_stream_end(stream, &error), REASON_SHUTTING_DOWN);
    assert_int_equal(photond_wait(p), EXIT_CODE_OK);
    caller_stream_free(stream);
    caller_close(admin);
    photond_free(p);
}

/* The one subscription that there is, or all-zero: it has not begun. */
static struct subscription_info only_subscription(struct caller *admin, char stream[64])
{
    struct subscription_info info = {0}, more;
    struct bytes *message = NULL;
    struct error error;
    if (caller_ask(admin, "/muon.v1.AdminService/ListSubscriptions", bytes_new(0), &message,
                   &error))
        fail_msg("%s", error.message);
    if (!message)
        return info;
    struct span rest = bytes_span(message);
    assert_int_equal(subscription_info_next(&rest, &info), 1);
    assert_int_equal(subscription_info_next(&rest, &more), 0);
    error_text(stream, 64, info.stream_name);
    bytes_unref(message);
    return info;
}

static struct caller_stream *subscribe(struct caller *client, const char *stream)
{
    const struct subscribe_request request = {.stream_name = text_span(stream),
                                              .type = STREAM_HOT_COLD};
    struct caller_stream *call = caller_stream_open(client, "/muon.v1.PhotonService/Subscribe");
    caller_stream_send(call, subscribe_request_encode(&request), true);
    return call;
}

static void a_subscription_is_seen_live_and_at_the_head(void **state)
{
    (void)state;
    struct photond *p = started();
    struct caller *client = caller_open(photond_address(p), NULL);
    struct caller *admin = admin_open(p);
    struct subscription_info info;
    char stream[64];
    emit(client, "orders/1", 10);
    struct caller_stream *call = subscribe(client, "orders/**");
    bytes_unref(caller_stream_read(call)); /* the event, and that it has caught up */
    do
        info = only_subscription(admin, stream);
    while (info.state != SUBSCRIPTION_LIVE);
    assert_string_equal(stream, "orders/**");
    assert_int_equal(info.stream_type, STREAM_HOT_COLD);
    assert_int_equal(info.events, 1);
    assert_int_equal(info.lag_ms, 0);
    assert_true(info.position > 0 && info.number == 1 && info.since > 0);
    caller_stream_free(call);
    caller_close(client);
    caller_close(admin);
    photond_free(p);
}

static void a_subscription_that_does_not_read_is_seen_stuck(void **state)
{
    (void)state;
    struct photond *p = started();
    struct caller *client = caller_open(photond_address(p), NULL);
    struct caller *admin = admin_open(p);
    struct subscription_info info;
    char stream[64];
    for (int i = 0; i < 20; i++)
        emit(client, "orders/1", 500000);
    struct caller_stream *call = subscribe(client, "orders/1");
    do
        info = only_subscription(admin, stream);
    while (info.state != SUBSCRIPTION_STUCK);
    assert_true(info.waiting_bytes > 0);
    assert_in_range(info.events, 1, 19);
    caller_stream_free(call);
    caller_close(client);
    caller_close(admin);
    photond_free(p);
}

static void a_session_is_seen_with_what_it_serves(void **state)
{
    (void)state;
    struct photond *p = started();
    struct caller *client = caller_open(photond_address(p), NULL);
    struct caller *admin = admin_open(p);
    struct caller_stream *session = caller_stream_open(client, "/muon.v1.BusService/Connect");
    const struct frame hello = {
        .kind = FRAME_HELLO,
        .hello = {.service = text_span("orders"), .instance_id = text_span("one"), .epoch = 1}};
    caller_stream_send(session, frame_head(&hello), false);
    bytes_unref(caller_stream_read(session)); /* welcome */
    struct bytes *message = NULL;
    struct session_info info;
    struct error error;
    if (caller_ask(admin, "/muon.v1.AdminService/ListSessions", bytes_new(0), &message, &error))
        fail_msg("%s", error.message);
    struct span rest = bytes_span(message);
    assert_int_equal(session_info_next(&rest, &info), 1);
    assert_true(text_equal(info.service, text_span("orders")));
    assert_true(text_equal(info.instance_id, text_span("one")));
    assert_int_equal(info.in_flight, 0);
    assert_false(info.draining);
    assert_int_equal(session_info_next(&rest, &info), 0);
    bytes_unref(message);
    caller_stream_free(session);
    caller_close(client);
    caller_close(admin);
    photond_free(p);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(stats_count_what_was_stored),
        cmocka_unit_test(a_watch_of_stats_goes_on_until_photond_stops),
        cmocka_unit_test(a_subscription_is_seen_live_and_at_the_head),
        cmocka_unit_test(a_subscription_that_does_not_read_is_seen_stuck),
        cmocka_unit_test(a_session_is_seen_with_what_it_serves),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
