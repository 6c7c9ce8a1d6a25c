/*
 * Sessions: hello, endpoints, requests between two of them, and what ends one.
 */
#include "tests/bus/meet.h"

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

/* ---- requests ---- */

/* semantics 17 */
static void a_request_reaches_its_responder_with_all_that_goes_with_it(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    party_serve(&server, &meet, "orders", "orders-1", "/place");
    party_ask(&client, &meet);
    party_say(&client, &(struct frame){.exchange = 1,
                                       .kind = FRAME_CALL,
                                       .call = {.url = text_span("rpc://orders/place"),
                                                .content_type = text_span("text/plain"),
                                                .body = text_span("7"),
                                                .timeout_ms = 60000,
                                                .traceparent = text_span("00-trace"),
                                                .caused_by = text_span("4711"),
                                                .caller = text_span("somebody else")}});
    party_hear(&server, FRAME_CALL, 2, &frame);
    assert_span(frame.call.url, "rpc://orders/place");
    assert_span(frame.call.content_type, "text/plain");
    assert_span(frame.call.body, "7");
    assert_true(frame.call.timeout_ms > 0 && frame.call.timeout_ms <= 60000);
    assert_span(frame.call.traceparent, "00-trace");
    assert_span(frame.call.caused_by, "4711");
    assert_span(frame.call.caller, ""); /* without a certificate nobody is anybody */
    party_answer(&server, 2, 200, "done");
    party_hear(&client, FRAME_ANSWER, 1, &frame);
    assert_int_equal(frame.answer.status, 200);
    assert_span(frame.answer.body, "done");
    assert_span(frame.answer.instance_id, "orders-1");
    party_close(&client);
    party_close(&server);
}

static void a_request_that_cannot_be_routed_fails_at_once_and_the_session_lives_on(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    struct error error;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://nobody/place", "");
    party_hear_error(&client, 1, REASON_NO_SUCH_SERVICE, &error);
    assert_true(error.retryable && !error.maybe_applied);
    party_call(&client, 3, "rpc://orders/other", "");
    party_hear_error(&client, 3, REASON_NO_SUCH_PATH, NULL);
    party_call(&client, 5, "stream://orders/place", "");
    party_hear_error(&client, 5, REASON_NO_SUCH_PATH, NULL);
    party_call(&client, 7, "http://orders/place", "");
    party_hear_error(&client, 7, REASON_INVALID_ARGUMENT, &error);
    assert_string_equal(error.field, "url");
    party_say(&client, &(struct frame){.exchange = 9,
                                       .kind = FRAME_CALL,
                                       .call = {.url = text_span("rpc://orders/place"),
                                                .body_bytes = MEET_BODY_BYTES + 1}});
    party_hear_error(&client, 9, REASON_TOO_LARGE, &error);
    assert_int_equal(error.limit, MEET_BODY_BYTES);
    party_call(&client, 11, "rpc://orders/place", "x");
    party_hear(&server, FRAME_CALL, 2, &frame);
    party_answer(&server, 2, 404, "");
    party_hear(&client, FRAME_ANSWER, 11, &frame);
    assert_int_equal(frame.answer.status, 404);
    party_close(&client);
    party_close(&server);
}

static void an_endpoint_that_is_taken_back_is_served_no_longer(void **state)
{
    (void)state;
    struct party server;
    struct frame frame;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_say(&server, &(struct frame){.kind = FRAME_ENDPOINT,
                                       .endpoint = {.path = text_span("/place"), .removed = true}});
    party_hear(&server, FRAME_ENDPOINT_DONE, 0, &frame);
    assert_true(frame.endpoint.removed);
    party_call(&server, 1, "rpc://orders/place", "");
    party_hear_error(&server, 1, REASON_NO_SUCH_PATH, NULL);
    party_close(&server);
}

static void a_session_can_ask_itself(void **state)
{
    (void)state;
    struct party both;
    struct frame frame;
    party_serve(&both, &meet, "orders", "1", "/place");
    party_call(&both, 1, "rpc://orders/place", "to me");
    party_hear(&both, FRAME_CALL, 2, &frame);
    assert_span(frame.call.body, "to me");
    party_answer(&both, 2, 200, "from me");
    party_hear(&both, FRAME_ANSWER, 1, &frame);
    party_call(&both, 3, "rpc://orders/place", "");
    party_hear(&both, FRAME_CALL, 4, &frame);
    party_vanish(&both);
}

static void the_responders_error_reaches_the_caller(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    struct error error;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    error_set(&error, REASON_DENIED, "not for you");
    struct bytes *encoded = error_encode(&error);
    party_say(&server,
              &(struct frame){.exchange = 2, .kind = FRAME_ERROR, .error = bytes_span(encoded)});
    bytes_unref(encoded);
    party_hear_error(&client, 1, REASON_DENIED, &error);
    assert_string_equal(error.message, "not for you");
    party_close(&client);
    party_close(&server);
}

/* ---- ends ---- */

/* semantics 16, 18 */
static void a_responder_that_dies_is_told_at_once_and_nobody_else_is_asked(void **state)
{
    (void)state;
    struct party first, second, client;
    struct frame frame;
    struct error error;
    party_serve(&first, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_hear(&first, FRAME_CALL, 2, &frame);
    party_serve(&second, &meet, "orders", "2", "/place");
    party_vanish(&first);
    party_hear_error(&client, 1, REASON_RESPONDER_LOST, &error);
    assert_true(error.maybe_applied && error.retryable);
    party_call(&client, 3, "rpc://orders/place", "another");
    party_hear(&second, FRAME_CALL, 2, &frame); /* its first: the lost one never came */
    assert_span(frame.call.body, "another");
    party_vanish(&client);
    party_hear(&second, FRAME_CANCEL, 2, &frame);
    party_close(&second);
}

static void a_caller_that_cancels_or_leaves_is_told_to_the_responder(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    party_say(&client, &(struct frame){.exchange = 1, .kind = FRAME_CANCEL});
    party_hear(&server, FRAME_CANCEL, 2, &frame);
    party_answer(&server, 2, 200, "too late");
    party_call(&client, 3, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 4, &frame);
    party_answer(&server, 4, 200, "in time");
    party_hear(&client, FRAME_ANSWER, 3, &frame);
    party_call(&client, 5, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 6, &frame);
    party_close(&client);
    party_hear(&server, FRAME_CANCEL, 6, &frame);
    party_close(&server);
}

/* semantics 18 */
static void at_the_deadline_the_caller_has_an_error_and_the_responder_a_cancel(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    struct error error;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    for (uint64_t i = 0; i < 3; i++) {
        party_say(&client, &(struct frame){.exchange = 2 * i + 1,
                                           .kind = FRAME_CALL,
                                           .call = {.url = text_span("rpc://orders/place"),
                                                    .timeout_ms = i == 0 ? 60000 : 20}});
        party_hear(&server, FRAME_CALL, 2 * i + 2, &frame);
        if (i == 0)
            continue;
        party_hear_error(&client, 2 * i + 1, REASON_TIMED_OUT, &error);
        assert_true(error.maybe_applied);
        party_hear(&server, FRAME_CANCEL, 2 * i + 2, &frame);
        party_answer(&server, 2 * i + 2, 200, "too late");
    }
    party_answer(&server, 2, 200, "in time");
    party_answer(&server, 2, 200, "twice");
    party_hear(&client, FRAME_ANSWER, 1, &frame);
    party_call(&client, 7, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 8, &frame);
    party_answer(&server, 8, 200, "");
    party_hear(&client, FRAME_ANSWER, 7, &frame);
    party_close(&client);
    party_close(&server);
}

static void all_instances_full_is_busy(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    struct error error;
    party_open(&server, meet.caller);
    party_say(&server, &(struct frame){.kind = FRAME_HELLO,
                                       .hello = {.service = text_span("orders"),
                                                 .instance_id = text_span("1"),
                                                 .max_in_flight = 2}});
    party_hear(&server, FRAME_WELCOME, 0, &frame);
    party_say(&server,
              &(struct frame){.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/place")}});
    party_hear(&server, FRAME_ENDPOINT_DONE, 0, &frame);
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_call(&client, 3, "rpc://orders/place", "");
    party_call(&client, 5, "rpc://orders/place", "");
    party_hear_error(&client, 5, REASON_BUSY, &error);
    assert_true(error.retryable && !error.maybe_applied);
    party_hear(&server, FRAME_CALL, 2, &frame);
    party_hear(&server, FRAME_CALL, 4, &frame);
    party_answer(&server, 4, 200, "");
    party_hear(&client, FRAME_ANSWER, 3, &frame);
    party_call(&client, 7, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 6, &frame);
    party_close(&server);
    assert_true(party_next(&client, &frame)); /* in whatever order */
    assert_int_equal(frame.kind, FRAME_ERROR);
    party_hear_error(&client, 8 - frame.exchange, REASON_RESPONDER_LOST, NULL);
    party_close(&client);
}

static void an_instance_that_drains_gets_nothing_new_and_finishes_what_it_has(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    party_say(&server, &(struct frame){.kind = FRAME_DRAIN});
    party_call(&server, 1, "rpc://nobody/", ""); /* its answer says that the Drain was seen */
    party_hear_error(&server, 1, REASON_NO_SUCH_SERVICE, NULL);
    party_call(&client, 3, "rpc://orders/place", "");
    party_hear_error(&client, 3, REASON_NO_SUCH_SERVICE, NULL);
    party_answer(&server, 2, 200, "");
    party_hear(&client, FRAME_ANSWER, 1, &frame);
    party_close(&server);
    party_close(&client);
}

/* semantics 17 */
static void a_newer_session_replaces_the_stale_one_of_its_instance(void **state)
{
    (void)state;
    struct party stale, fresh, twin, client;
    struct frame frame;
    struct frame hello = {
        .kind = FRAME_HELLO,
        .hello = {.service = text_span("orders"), .instance_id = text_span("1"), .epoch = 2}};
    party_serve(&stale, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_hear(&stale, FRAME_CALL, 2, &frame);
    party_open(&fresh, meet.caller);
    party_say(&fresh, &hello);
    party_hear(&fresh, FRAME_WELCOME, 0, &frame);
    assert_span(frame.welcome.store_id, "store");
    assert_int_equal(frame.welcome.beat_ms, MEET_QUIET_BEAT_MS);
    assert_int_equal(frame.welcome.frame_bytes, BUS_FRAME_BYTES);
    assert_int_equal(frame.welcome.body_bytes, MEET_BODY_BYTES);
    assert_int_equal(frame.welcome.max_calls, BUS_CALLS_MAX);
    party_hear_error(&client, 1, REASON_RESPONDER_LOST, NULL);
    party_hear_end(&stale, REASON_DENIED);
    party_open(&twin, meet.caller);
    party_say(&twin, &hello);
    party_hear_end(&twin, REASON_DENIED);
    party_close(&fresh);
    party_close(&client);
}

/* ---- violations ---- */

static void frames_that_break_the_contract_end_the_session(void **state)
{
    (void)state;
    static const struct frame bad[] = {
        {.exchange = 2, .kind = FRAME_CALL},
        {.exchange = 1, .kind = FRAME_ANSWER},
        {.exchange = 2, .kind = FRAME_ITEM},
        {.exchange = 4, .kind = FRAME_END},
        {.exchange = 1, .kind = FRAME_CANCEL},
        {.exchange = 1, .kind = FRAME_CREDIT},
        {.kind = FRAME_WELCOME},
        {.kind = FRAME_CANCEL},
        {.kind = FRAME_END},
        {.kind = FRAME_CREDIT},
        {.kind = FRAME_ITEM},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct party party;
        party_ask(&party, &meet);
        party_say(&party, &bad[i]);
        party_hear_end(&party, REASON_INVALID_ARGUMENT);
    }
    struct party party;
    party_ask(&party, &meet);
    party_call(&party, 3, "rpc://nobody/", "");
    party_hear_error(&party, 3, REASON_NO_SUCH_SERVICE, NULL);
    party_call(&party, 3, "rpc://nobody/", "");
    party_hear_end(&party, REASON_INVALID_ARGUMENT);
    party_ask(&party, &meet);
    party_say(&party,
              &(struct frame){.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/a")}});
    party_hear_end(&party, REASON_INVALID_ARGUMENT);
    party_ask(&party, &meet);
    party_say(&party,
              &(struct frame){.kind = FRAME_HELLO, .hello = {.instance_id = text_span("x")}});
    party_hear_end(&party, REASON_INVALID_ARGUMENT);
    party_open(&party, meet.caller);
    party_say(&party, &(struct frame){.kind = FRAME_BEAT});
    party_hear_end(&party, REASON_INVALID_ARGUMENT);
}

static void a_caller_must_not_answer_its_own_question(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    party_serve(&server, &meet, "orders", "1", "/place");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://orders/place", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    party_answer(&client, 1, 200, "");
    party_hear_end(&client, REASON_INVALID_ARGUMENT);
    party_hear(&server, FRAME_CANCEL, 2, &frame);
    party_close(&server);
}

static void garbage_ends_the_session_and_nothing_else(void **state)
{
    (void)state;
    static const char *const garbage[] = {"\xff\xff\xff", "\x0a\x05x", "\x0a\x03\x32\x01\xff",
                                          "GET / HTTP/1.1\r\n"};
    struct party bystander;
    party_ask(&bystander, &meet);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        struct party party;
        party_ask(&party, &meet);
        caller_stream_send(party.stream, bytes_copy(garbage[i], strlen(garbage[i])), false);
        party_hear_end(&party, REASON_INVALID_ARGUMENT);
    }
    party_call(&bystander, 1, "rpc://nobody/", "");
    party_hear_error(&bystander, 1, REASON_NO_SUCH_SERVICE, NULL);
    party_close(&bystander);
}

/* ---- limits ---- */

static void more_sessions_than_allowed_are_busy(void **state)
{
    (void)state;
    enum { SESSIONS = 50 };
    static struct party party[SESSIONS];
    struct meet own;
    struct party more;
    struct error error;
    struct frame frame;
    meet_open(&own);
    for (int i = 0; i < SESSIONS; i++)
        party_ask(&party[i], &own);
    for (int i = 0; i < 20; i++) {
        party_open(&more, own.caller);
        party_say(&more, &(struct frame){.kind = FRAME_HELLO,
                                         .hello = {.instance_id = text_span("more")}});
        while (party_next(&more, &frame)) {
        }
        assert_int_equal(caller_stream_end(more.stream, &error), REASON_BUSY);
        party_vanish(&more);
    }
    party_close(&party[0]);
    party_ask(&party[0], &own);
    for (int i = 0; i < SESSIONS; i++)
        party_close(&party[i]);
    meet_close(&own);
}

static void more_calls_than_allowed_are_busy(void **state)
{
    (void)state;
    struct party server[5], client;
    struct frame frame;
    char instance[8];
    for (int i = 0; i < 5; i++) {
        snprintf(instance, sizeof instance, "%d", i);
        party_serve(&server[i], &meet, "orders", instance, "/place");
    }
    party_ask(&client, &meet);
    for (uint64_t i = 0; i <= BUS_CALLS_MAX; i++)
        party_gather(&client, &(struct frame){.exchange = 2 * i + 1,
                                              .kind = FRAME_CALL,
                                              .call = {.url = text_span("rpc://orders/place")}});
    party_flush(&client);
    party_hear_error(&client, 2 * BUS_CALLS_MAX + 1, REASON_BUSY, NULL);
    for (int i = 0; i < 5; i++)
        party_hear(&server[i], FRAME_CALL, 2, &frame);
    party_answer(&server[0], 2, 200, "");
    party_hear(&client, FRAME_ANSWER, 1, &frame);
    party_call(&client, 2 * BUS_CALLS_MAX + 3, "rpc://nobody/", "");
    party_hear_error(&client, 2 * BUS_CALLS_MAX + 3, REASON_NO_SUCH_SERVICE, NULL);
    party_close(&client);
    for (int i = 0; i < 5; i++)
        party_close(&server[i]);
}

static void ten_thousand_paths_are_registered_on_one_session(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    char path[32];
    party_open(&server, meet.caller);
    party_hello(&server, "orders", "1");
    for (int i = 0; i <= BUS_ENDPOINTS_MAX; i++) {
        snprintf(path, sizeof path, "/path/%d", i);
        party_gather(&server, &(struct frame){.kind = FRAME_ENDPOINT,
                                              .endpoint = {.path = text_span(path)}});
        if (i == BUS_ENDPOINTS_MAX - 1) {
            party_flush(&server);
            for (int k = 0; k < BUS_ENDPOINTS_MAX; k++)
                party_hear(&server, FRAME_ENDPOINT_DONE, 0, &frame);
            party_ask(&client, &meet);
            party_call(&client, 1, "rpc://orders/path/9999", "");
            party_hear(&server, FRAME_CALL, 2, &frame);
        }
    }
    party_flush(&server);
    party_hear_end(&server, REASON_BUSY);
    party_hear_error(&client, 1, REASON_RESPONDER_LOST, NULL);
    party_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_reaches_its_responder_with_all_that_goes_with_it),
        cmocka_unit_test(a_request_that_cannot_be_routed_fails_at_once_and_the_session_lives_on),
        cmocka_unit_test(an_endpoint_that_is_taken_back_is_served_no_longer),
        cmocka_unit_test(a_session_can_ask_itself),
        cmocka_unit_test(the_responders_error_reaches_the_caller),
        cmocka_unit_test(a_responder_that_dies_is_told_at_once_and_nobody_else_is_asked),
        cmocka_unit_test(a_caller_that_cancels_or_leaves_is_told_to_the_responder),
        cmocka_unit_test(at_the_deadline_the_caller_has_an_error_and_the_responder_a_cancel),
        cmocka_unit_test(all_instances_full_is_busy),
        cmocka_unit_test(an_instance_that_drains_gets_nothing_new_and_finishes_what_it_has),
        cmocka_unit_test(a_newer_session_replaces_the_stale_one_of_its_instance),
        cmocka_unit_test(frames_that_break_the_contract_end_the_session),
        cmocka_unit_test(a_caller_must_not_answer_its_own_question),
        cmocka_unit_test(garbage_ends_the_session_and_nothing_else),
        cmocka_unit_test(more_sessions_than_allowed_are_busy),
        cmocka_unit_test(more_calls_than_allowed_are_busy),
        cmocka_unit_test(ten_thousand_paths_are_registered_on_one_session),
    };
    return cmocka_run_group_tests(tests, open_meet, close_meet);
}
