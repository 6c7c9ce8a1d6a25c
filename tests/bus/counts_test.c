/*
 * What becomes of requests and subscriptions is counted, once for each, and each failure is told once.
 */
#include "tests/bus/meet.h"

#include "wire/codec-error.h"

static struct meet meet;

static int open_meet(void **state)
{
    (void)state;
    meet_open(&meet);
    return 0;
}

static int close_meet(void **state)
{
    (void)state;
    meet_close(&meet);
    return 0;
}

static struct bus_counts counts(void)
{
    struct bus_counts now;
    bus_counts(meet.bus, &now);
    return now;
}

static uint64_t sum_of(const uint64_t *of, int len)
{
    uint64_t n = 0;
    for (int i = 0; i < len; i++)
        n += of[i];
    return n;
}

static uint64_t sum(const uint64_t *of)
{
    return sum_of(of, REASON_COUNT);
}

static void what_there_is_is_counted_while_it_is_there(void **state)
{
    (void)state;
    struct party server, caller;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&caller, &meet);
    struct bus_counts now = counts();
    assert_int_equal(now.sessions, 2);
    assert_int_equal(now.services, 1);
    assert_int_equal(now.endpoints, 1);
    party_close(&caller);
    party_close(&server);
    now = counts();
    assert_int_equal(now.services, 0);
    assert_int_equal(now.endpoints, 0);
}

static void a_request_is_open_until_it_is_answered(void **state)
{
    (void)state;
    struct party server, caller;
    struct frame frame;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&caller, &meet);
    party_call(&caller, 1, "rpc://orders/place", "x");
    party_hear(&server, FRAME_CALL, 2, &frame);
    struct bus_counts now = counts();
    assert_int_equal(now.requests_open, 1);
    assert_int_equal(sum(now.requests), 0);
    party_answer(&server, 2, 200, "y");
    party_hear(&caller, FRAME_ANSWER, 1, &frame);
    now = counts();
    assert_int_equal(now.requests_open, 0);
    assert_int_equal(now.requests[REASON_NONE], 1);
    assert_int_equal(sum(now.requests), 1);
    assert_int_equal(sum_of(now.request_us.bin, HISTOGRAM_BINS), 1);
    party_close(&caller);
    party_close(&server);
}

static void a_request_that_nobody_serves_is_refused_and_never_open(void **state)
{
    (void)state;
    struct party caller;
    struct error error;
    party_ask(&caller, &meet);
    party_call(&caller, 1, "rpc://nobody/p", "x");
    party_hear_error(&caller, 1, REASON_NO_SUCH_SERVICE, &error);
    struct bus_counts now = counts();
    assert_int_equal(now.refused[REASON_NO_SUCH_SERVICE], 1);
    assert_int_equal(sum(now.refused), 1);
    assert_int_equal(sum(now.requests), 0);
    assert_int_equal(now.requests_open, 0);
    party_close(&caller);
}

static void a_lost_responder_and_a_lost_caller_are_told_apart(void **state)
{
    (void)state;
    struct party server, caller;
    struct frame frame;
    struct error error;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&caller, &meet);
    party_call(&caller, 1, "rpc://orders/place", "x");
    party_hear(&server, FRAME_CALL, 2, &frame);
    party_say(&caller, &(struct frame){.exchange = 1, .kind = FRAME_CANCEL});
    party_hear(&server, FRAME_CANCEL, 2, &frame);
    party_call(&caller, 3, "rpc://orders/place", "x");
    party_hear(&server, FRAME_CALL, 4, &frame);
    party_vanish(&server);
    party_hear_error(&caller, 3, REASON_RESPONDER_LOST, &error);
    struct bus_counts now = counts();
    assert_int_equal(now.requests[REASON_CALLER_GONE], 1);
    assert_int_equal(now.requests[REASON_RESPONDER_LOST], 1);
    assert_int_equal(sum(now.requests), 2);
    assert_int_equal(now.requests_open, 0);
    party_close(&caller);
}

static void a_stream_of_a_service_is_no_request(void **state)
{
    (void)state;
    struct party server, caller;
    struct frame frame;
    party_serve(&server, &meet, "orders", "1", "stream:/new");
    party_ask(&caller, &meet);
    party_call(&caller, 1, "stream://orders/new", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    assert_int_equal(counts().streams_open, 1);
    assert_int_equal(counts().requests_open, 0);
    party_say(&server, &(struct frame){.exchange = 2, .kind = FRAME_END});
    party_hear(&caller, FRAME_END, 1, &frame);
    struct bus_counts now = counts();
    assert_int_equal(now.streams_open, 0);
    assert_int_equal(now.streams[REASON_NONE], 1);
    assert_int_equal(sum(now.requests), 0);
    party_close(&caller);
    party_close(&server);
}

/* A responder says that it has failed, and with which id. */
static void say_failed(struct party *server, uint64_t exchange)
{
    struct error error;
    error_set(&error, REASON_DENIED, "not you");
    strcpy(error.request_id, "its-own");
    struct bytes *encoded = error_encode(&error);
    party_say(server, &(struct frame){
                          .exchange = exchange, .kind = FRAME_ERROR, .error = bytes_span(encoded)});
    bytes_unref(encoded);
}

static void a_failure_is_told_once_by_whatever_way_it_is_answered(void **state)
{
    (void)state;
    struct party server, caller;
    struct frame frame;
    struct error error;
    struct bytes *answer;
    struct bus_call call = {.url = text_span("rpc://orders/place")};
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&caller, &meet);
    atomic_store(&meet_failures, 0);
    party_call(&caller, 1, "rpc://orders/nothing", "x");
    party_hear_error(&caller, 1, REASON_NO_SUCH_PATH, NULL);
    assert_int_equal(atomic_load(&meet_failures), 1);

    party_call(&caller, 3, "rpc://orders/place", "x");
    party_hear(&server, FRAME_CALL, 2, &frame);
    say_failed(&server, 2);
    party_hear_error(&caller, 3, REASON_DENIED, &error);
    assert_string_not_equal(error.request_id, "its-own"); /* that photond's log does not know */
    assert_int_equal(atomic_load(&meet_failures), 2);

    struct caller_stream *plain = meet_begin(&meet, "Request", bus_request_encode(&call));
    party_hear(&server, FRAME_CALL, 4, &frame);
    say_failed(&server, 4);
    assert_null(caller_stream_read(plain));
    assert_int_equal(caller_stream_end(plain, &error), REASON_DENIED);
    assert_string_not_equal(error.request_id, "its-own");
    assert_int_equal(atomic_load(&meet_failures), 3);
    caller_stream_free(plain);
    assert_int_equal(
        meet_request(&meet, "rpc://orders/nothing", text_span("x"), &answer, NULL, &error),
        REASON_NO_SUCH_PATH);
    assert_int_equal(atomic_load(&meet_failures), 4);
    party_close(&caller);
    party_close(&server);
}

static void the_end_of_a_session_is_told_once(void **state)
{
    (void)state;
    struct party party;
    party_ask(&party, &meet);
    atomic_store(&meet_failures, 0);
    party_call(&party, 2, "rpc://orders/place", "x");
    party_hear_end(&party, REASON_INVALID_ARGUMENT);
    assert_int_equal(atomic_load(&meet_failures), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_there_is_is_counted_while_it_is_there, open_meet,
                                        close_meet),
        cmocka_unit_test_setup_teardown(a_request_is_open_until_it_is_answered, open_meet,
                                        close_meet),
        cmocka_unit_test_setup_teardown(a_request_that_nobody_serves_is_refused_and_never_open,
                                        open_meet, close_meet),
        cmocka_unit_test_setup_teardown(a_lost_responder_and_a_lost_caller_are_told_apart,
                                        open_meet, close_meet),
        cmocka_unit_test_setup_teardown(a_stream_of_a_service_is_no_request, open_meet, close_meet),
        cmocka_unit_test_setup_teardown(a_failure_is_told_once_by_whatever_way_it_is_answered,
                                        open_meet, close_meet),
        cmocka_unit_test_setup_teardown(the_end_of_a_session_is_told_once, open_meet, close_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
