/*
 * Server and client against each other, in plain text.
 */
#include <sched.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/wire/pair.h"

enum { CHAT_PARTS = 100 };

static void *stop_gently(void *other)
{
    peer_stop(other, false);
    return NULL;
}

static void a_unary_call_is_answered(void **state)
{
    char reply[256];
    (void)state;
    struct error status = peer_call(channel, "/test.Peer/Echo", "hello", reply);
    assert_int_equal(status.reason, REASON_NONE);
    assert_string_equal(reply, "hello");
}

static void an_error_arrives_with_its_details(void **state)
{
    (void)state;
    struct error status = peer_call(channel, "/test.Peer/Fail", "x", NULL);
    assert_int_equal(status.reason, REASON_WRONG_VERSION);
    assert_int_equal(status.grpc_status, 9);
    assert_int_equal(status.limit, 77);
    assert_string_equal(status.message, "the stream has moved on");
}

static void an_unknown_method_is_unimplemented_and_named(void **state)
{
    (void)state;
    struct error status = peer_call(channel, "/test.Peer/Dance", "x", NULL);
    assert_int_equal(status.grpc_status, 12);
    assert_int_equal(status.reason, REASON_NO_SUCH_PATH);
    assert_non_null(strstr(status.message, "/test.Peer/Dance"));
}

static void an_ask_of_a_call_that_is_over_does_nothing(void **state)
{
    (void)state;
    struct talk talk;
    talk_start(&talk, channel, "/test.Peer/Echo", -1, false);
    client_call_cancel(talk.call);
    assert_int_equal(talk_await_end(&talk)->grpc_status, 1);
    struct bytes *late = bytes_copy("late", 4);
    client_call_ask(talk.call, late);
    bytes_unref(late);
    /* a call that is over: whatever the ask had begun would have come first, on the one poller */
    assert_int_equal(peer_call(channel, "/test.Peer/Echo", "x", NULL).reason, REASON_NONE);
    assert_int_equal(talk.received + (size_t)talk.no_more + (size_t)talk.sent, 0);
    talk_free(&talk);
}

static void messages_of_any_size_come_back_as_they_were(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 511, 512, 8192, 65536, (1 << 20) - 64};
    struct talk talk;
    talk_start(&talk, channel, "/test.Peer/Chat", -1, false);
    client_call_read(talk.call);
    uint64_t seed = 7;
    uint8_t *data = malloc(1 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t at = 0; at < sizes[i]; at++)
            data[at] = (uint8_t)raw_random(&seed);
        talk_send(&talk, (struct span){data, sizes[i]}, false);
        talk_await_messages(&talk, i + 1);
        assert_int_equal(talk.messages[i]->len, sizes[i]);
        assert_memory_equal(talk.messages[i]->data, data, sizes[i]);
    }
    client_call_end(talk.call);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    assert_true(talk.no_more);
    talk_free(&talk);
    free(data);
}

static void a_message_of_several_parts_arrives_as_one(void **state)
{
    (void)state;
    struct bytes *parts[CHAT_PARTS];
    struct talk talk;
    talk_start(&talk, channel, "/test.Peer/Chat", -1, false);
    client_call_read(talk.call);
    size_t whole = 0;
    for (size_t i = 0; i < CHAT_PARTS; i++) {
        parts[i] = bytes_new(i * 10);
        memset(parts[i]->data, (int)i, parts[i]->len);
        whole += parts[i]->len;
    }
    client_call_send(talk.call, parts, CHAT_PARTS, true);
    for (size_t i = 0; i < CHAT_PARTS; i++)
        bytes_unref(parts[i]);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    assert_int_equal(talk.messages[0]->len, whole);
    for (size_t i = 0, at = 0; i < CHAT_PARTS; at += i * 10, i++)
        for (size_t k = 0; k < i * 10; k++)
            assert_int_equal(talk.messages[0]->data[at + k], i);
    talk_free(&talk);
}

/* A request of /Flood. */
static struct raw flood(uint64_t count, uint64_t size)
{
    struct raw raw = {.len = 0};
    raw_uint(&raw, 1, count);
    raw_uint(&raw, 2, size);
    return raw;
}

/* hazards 12 */
static void a_stream_delivers_everything_in_the_end(void **state)
{
    (void)state;
    struct talk talk;
    struct raw request = flood(4000, 300);
    talk_start(&talk, channel, "/test.Peer/Flood", -1, false);
    client_call_read(talk.call);
    talk_send(&talk, raw_span(&request), true);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    assert_int_equal(talk.received, 4000);
    talk_free(&talk);
}

static void a_reader_that_stops_stops_the_sender(void **state)
{
    (void)state;
    struct talk slow;
    struct raw request = flood(4000, 100000); /* 400 MB */
    talk_start(&slow, channel, "/test.Peer/Flood", -1, false);
    slow.read_on = false;
    client_call_read(slow.call);
    talk_send(&slow, raw_span(&request), true);
    talk_await_messages(&slow, 1);
    for (int i = 0; i < 50; i++) { /* others go on meanwhile */
        char reply[256];
        assert_int_equal(peer_call(channel, "/test.Peer/Echo", "x", reply).reason, REASON_NONE);
    }
    size_t sent = atomic_load(&peer.sent);
    assert_true(sent < 400); /* what fits into windows and buffers: far from all */
    talk_free(&slow);        /* which cancels it */
    peer_await(&peer.lost, 1);
}

static void a_call_that_the_client_cancels_is_lost_to_the_server(void **state)
{
    (void)state;
    struct talk talk;
    talk_start(&talk, channel, "/test.Peer/Hang", -1, false);
    talk_send(&talk, text_span("x"), true);
    peer_await(&peer.begun, 1);
    client_call_cancel(talk.call);
    const struct error *status = talk_await_end(&talk);
    assert_int_equal(status->reason, REASON_CALLER_GONE);
    assert_true(status->maybe_applied);
    peer_await(&peer.lost, 1);
    peer_await(&peer.gone, 1);
    talk_free(&talk);
}

static void a_deadline_ends_both_sides(void **state)
{
    (void)state;
    struct talk talk;
    talk_start(&talk, channel, "/test.Peer/Hang", 50, false);
    talk_send(&talk, text_span("x"), true);
    const struct error *status = talk_await_end(&talk);
    assert_int_equal(status->reason, REASON_TIMED_OUT);
    assert_true(status->maybe_applied);
    peer_await(&peer.lost, atomic_load(&peer.begun));
    talk_free(&talk);
}

static void a_call_freed_at_once_calls_no_handler_any_more(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct talk talk;
        talk_start(&talk, channel, "/test.Peer/Chat", -1, false);
        client_call_read(talk.call);
        if (i % 2)
            talk_send(&talk, text_span("x"), false);
        talk_free(&talk);
        memset(&talk, 0xee, sizeof talk); /* a handler that ran now would not survive it */
    }
}

static void a_client_that_vanishes_is_lost(void **state)
{
    (void)state;
    char target[64];
    struct cq *other_cq = cq_open(1);
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    struct channel *other = peer_connect(other_cq, target, NULL);
    struct talk talk[10];
    for (int i = 0; i < 10; i++) {
        talk_start(&talk[i], other, i % 2 ? "/test.Peer/Hang" : "/test.Peer/Chat", -1, false);
        talk_send(&talk[i], text_span("x"), i % 2);
    }
    peer_await(&peer.begun, 10);
    for (int i = 0; i < 10; i++)
        talk_free(&talk[i]);
    channel_close(other);
    cq_close(other_cq);
    peer_await(&peer.gone, 10);
    assert_true(atomic_load(&peer.lost) >= 5); /* a chat may also end by reading no more */
}

/* hazards 5 */
static void a_hundred_calls_run_at_a_time(void **state)
{
    (void)state;
    enum { CALLS = 100, ROUNDS = 20 };
    struct talk *talks = calloc(CALLS, sizeof *talks);
    for (size_t i = 0; i < CALLS; i++) {
        talk_start(&talks[i], channel, "/test.Peer/Chat", -1, false);
        client_call_read(talks[i].call);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        struct bytes *message = bytes_copy(&round, sizeof round);
        for (size_t i = 0; i < CALLS; i++)
            client_call_send(talks[i].call, &message, 1, round == ROUNDS - 1);
        bytes_unref(message);
        for (size_t i = 0; i < CALLS; i++) {
            talk_await_messages(&talks[i], round + 1);
            talk_await_sent(&talks[i],
                            (int)round + 1); /* an echo may come before its cause is done */
        }
    }
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(talk_await_end(&talks[i])->reason, REASON_NONE);
        assert_int_equal(talks[i].received, ROUNDS);
        talk_free(&talks[i]);
    }
    free(talks);
}

/* semantics 10 */
static void an_oversized_message_leaves_the_connection_alive(void **state)
{
    (void)state;
    struct talk chat, big;
    talk_start(&chat, channel, "/test.Peer/Chat", -1, false);
    client_call_read(chat.call);
    talk_send(&chat, text_span("before"), false);
    talk_await_messages(&chat, 1);
    struct bytes *message = bytes_new((1 << 20) + 1);
    memset(message->data, 'x', message->len);
    talk_start(&big, channel, "/test.Peer/Echo", -1, false);
    client_call_read(big.call);
    client_call_send(big.call, &message, 1, true);
    assert_int_equal(talk_await_end(&big)->reason, REASON_TOO_LARGE);
    talk_free(&big);
    bytes_unref(message);
    talk_send(&chat, text_span("after"), false); /* on the same connection */
    talk_await_messages(&chat, 2);
    talk_free(&chat);
}

static void garbage_on_the_port_does_no_harm(void **state)
{
    (void)state;
    uint64_t seed = 99;
    for (int i = 0; i < 20; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)peer.port)};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        uint8_t garbage[512];
        for (size_t k = 0; k < sizeof garbage; k++)
            garbage[k] = (uint8_t)raw_random(&seed);
        if (i % 2) /* the preface, then garbage */
            memcpy(garbage, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
        assert_true(send(fd, garbage, sizeof garbage, MSG_NOSIGNAL) > 0);
        if (i % 4 == 3)
            shutdown(fd, SHUT_WR);
        close(fd);
        assert_int_equal(peer_call(channel, "/test.Peer/Echo", "x", NULL).reason, REASON_NONE);
    }
}

static void a_caller_without_certificate_has_no_identity(void **state)
{
    char reply[256] = "unset";
    (void)state;
    assert_int_equal(peer_call(channel, "/test.Peer/Who", "x", reply).reason, REASON_NONE);
    assert_string_equal(reply, "");
}

/* ---- the end ---- */

static void a_stop_waits_for_calls_that_run(void **state)
{
    (void)state;
    char target[64];
    struct peer other;
    struct talk talk;
    peer_start(&other, "127.0.0.1:0", NULL);
    snprintf(target, sizeof target, "127.0.0.1:%d", other.port);
    struct channel *there = peer_connect(cq, target, NULL);
    talk_start(&talk, there, "/test.Peer/Chat", -1, false);
    client_call_read(talk.call);
    talk_send(&talk, text_span("one"), false);
    talk_await_messages(&talk, 1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_gently, &other), 0);
    while (channel_state(there, false) == CHANNEL_READY) /* until it has been told to go away */
        sched_yield();
    assert_int_not_equal(peer_call(there, "/test.Peer/Echo", "x", NULL).reason, REASON_NONE);
    talk_send(&talk, text_span("two"), true);
    talk_await_messages(&talk, 2);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    pthread_join(stopper, NULL);
    talk_free(&talk);
    channel_close(there);
}

static void a_stop_can_cancel_calls_that_run(void **state)
{
    (void)state;
    char target[64];
    struct peer other;
    struct talk talk[3];
    peer_start(&other, "127.0.0.1:0", NULL);
    snprintf(target, sizeof target, "127.0.0.1:%d", other.port);
    struct channel *there = peer_connect(cq, target, NULL);
    struct raw request = flood(1000000, 1000);
    static const char *const paths[] = {"/test.Peer/Hang", "/test.Peer/Chat", "/test.Peer/Flood"};
    for (int i = 0; i < 3; i++) {
        talk_start(&talk[i], there, paths[i], -1, false);
        if (i < 2)
            client_call_read(talk[i].call); /* the flood is not read: its send hangs */
        talk_send(&talk[i], raw_span(&request), i != 1);
    }
    peer_await(&other.begun, 3);
    peer_stop(&other, true);
    client_call_read(talk[2].call);
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(talk_await_end(&talk[i])->reason, REASON_NONE);
        talk_free(&talk[i]);
    }
    channel_close(there);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    (void)state;
    struct channel *nobody = peer_connect(cq, "127.0.0.1:1", NULL);
    struct error status = peer_call(nobody, "/test.Peer/Echo", "x", NULL);
    assert_int_equal(status.grpc_status, 14);
    assert_true(status.retryable);
    assert_non_null(strstr(status.message, "127.0.0.1:1"));
    channel_close(nobody);
}

static void a_call_can_wait_for_its_server(void **state)
{
    (void)state;
    char target[64], again[64];
    struct peer other;
    struct talk talk;
    peer_start(&other, "127.0.0.1:0", NULL);
    int port = other.port;
    peer_stop(&other, false);
    snprintf(target, sizeof target, "127.0.0.1:%d", port);
    struct channel *there = peer_connect(cq, target, NULL);
    assert_int_not_equal(peer_call(there, "/test.Peer/Echo", "x", NULL).reason, REASON_NONE);
    talk_start(&talk, there, "/test.Peer/Echo", 20000, true);
    client_call_read(talk.call);
    struct bytes *hello = bytes_copy("hello", 5);
    client_call_send(talk.call, &hello, 1, true);
    bytes_unref(hello);
    snprintf(again, sizeof again, "127.0.0.1:%d", port);
    peer_start(&other, again, NULL);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    talk_free(&talk);
    channel_close(there);
    peer_stop(&other, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_unary_call_is_answered, up, down),
        cmocka_unit_test_setup_teardown(an_error_arrives_with_its_details, up, down),
        cmocka_unit_test_setup_teardown(an_unknown_method_is_unimplemented_and_named, up, down),
        cmocka_unit_test_setup_teardown(an_ask_of_a_call_that_is_over_does_nothing, up, down),
        cmocka_unit_test_setup_teardown(messages_of_any_size_come_back_as_they_were, up, down),
        cmocka_unit_test_setup_teardown(a_message_of_several_parts_arrives_as_one, up, down),
        cmocka_unit_test_setup_teardown(a_stream_delivers_everything_in_the_end, up, down),
        cmocka_unit_test_setup_teardown(a_reader_that_stops_stops_the_sender, up, down),
        cmocka_unit_test_setup_teardown(a_call_that_the_client_cancels_is_lost_to_the_server, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_deadline_ends_both_sides, up, down),
        cmocka_unit_test_setup_teardown(a_call_freed_at_once_calls_no_handler_any_more, up, down),
        cmocka_unit_test_setup_teardown(a_client_that_vanishes_is_lost, up, down),
        cmocka_unit_test_setup_teardown(a_hundred_calls_run_at_a_time, up, down),
        cmocka_unit_test_setup_teardown(an_oversized_message_leaves_the_connection_alive, up, down),
        cmocka_unit_test_setup_teardown(garbage_on_the_port_does_no_harm, up, down),
        cmocka_unit_test_setup_teardown(a_caller_without_certificate_has_no_identity, up, down),
        cmocka_unit_test_setup_teardown(a_stop_waits_for_calls_that_run, up, down),
        cmocka_unit_test_setup_teardown(a_stop_can_cancel_calls_that_run, up, down),
        cmocka_unit_test_setup_teardown(a_server_that_is_not_there_is_unavailable, up, down),
        cmocka_unit_test_setup_teardown(a_call_can_wait_for_its_server, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
