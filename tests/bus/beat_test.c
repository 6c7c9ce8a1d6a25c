/*
 * Beats, and going down: what ends sessions that say nothing wrong.
 */
#include "tests/bus/meet.h"

/* Silence is soon found; who beats has time enough to do so. */
enum { BEAT_MS = 50, LONG_BEAT_MS = 500 };

static void open_beating(struct meet *meet, uint32_t beat_ms)
{
    static struct bus_options options = {
        .store_id = "store", .sessions_max = 10, .body_bytes = 65536};
    options.beat_ms = beat_ms;
    meet_open_with(meet, &options, NULL);
}

/* The next beat of photond's. */
static void hear_beat(struct party *party)
{
    struct frame frame = {0};
    int got;
    while ((got = frame_next(&party->rest, &frame, NULL)) == 0) {
        bytes_unref(party->message);
        party->message = caller_stream_read(party->stream);
        assert_non_null(party->message);
        party->rest = bytes_span(party->message);
    }
    assert_int_equal(frame.kind, FRAME_BEAT);
}

/* semantics 16 */
static void who_is_silent_for_two_beats_is_lost_with_its_exchanges(void **state)
{
    (void)state;
    struct meet meet;
    struct party silent;
    struct frame frame;
    struct error error;
    struct bytes *raw;
    struct bus_answer answer;
    open_beating(&meet, BEAT_MS);
    party_serve(&silent, &meet, "silent", "1", "/ask");
    assert_int_equal(meet_request(&meet, "rpc://silent/ask", text_span(""), &raw, &answer, &error),
                     REASON_RESPONDER_LOST);
    assert_true(error.maybe_applied);
    party_hear(&silent, FRAME_CALL, 2, &frame);
    party_hear_end(&silent, REASON_TIMED_OUT);
    meet_close(&meet);
}

/* semantics 16 */
static void who_beats_stays_and_hears_beats(void **state)
{
    (void)state;
    struct meet meet;
    struct party party;
    open_beating(&meet, LONG_BEAT_MS);
    party_serve(&party, &meet, "s", "1", "/ask");
    for (int i = 0; i < 5; i++) { /* longer than silence may last */
        hear_beat(&party);
        party_say(&party, &(struct frame){.kind = FRAME_BEAT});
    }
    party_call(&party, 1, "rpc://nobody/", "");
    party_hear_error(&party, 1, REASON_NO_SUCH_SERVICE, NULL);
    party_close(&party);
    meet_close(&meet);
}

/* semantics 16 */
static void who_is_silent_and_does_not_read_is_cut_off(void **state)
{
    (void)state;
    static uint8_t large[60000];
    struct meet meet;
    struct party deaf;
    struct error error;
    struct bus_call call = {.url = text_span("rpc://deaf/ask"), .body = {large, sizeof large}};
    struct caller_stream *asking[200];
    open_beating(&meet, LONG_BEAT_MS);
    party_serve(&deaf, &meet, "deaf", "1", "/ask");
    for (int i = 0; i < 200; i++) /* more than the network holds: the send is stuck */
        asking[i] = meet_begin(&meet, "Request", bus_request_encode(&call));
    for (int i = 0; i < 200; i++) {
        assert_null(caller_stream_read(asking[i]));
        enum reason reason = caller_stream_end(asking[i], &error);
        assert_true(reason == REASON_RESPONDER_LOST || reason == REASON_BUSY ||
                    reason == REASON_NO_SUCH_SERVICE);
        caller_stream_free(asking[i]);
    }
    meet_drain(&meet);
    meet_await_stopped(&meet); /* its call has ended, though the client takes nothing */
    party_vanish(&deaf);
    meet_close(&meet);
}

/* semantics 16 */
static void who_asks_and_never_listens_is_not_read_and_cut_off(void **state)
{
    (void)state;
    enum { MESSAGES = 500, CALLS = 1000 }; /* their errors come to far more than an outbox holds */
    struct meet meet;
    struct party deaf;
    uint64_t number = 1;
    int messages = 0;
    bool sent = true;
    open_beating(&meet, BEAT_MS);
    party_ask(&deaf, &meet);
    for (; sent && messages < MESSAGES; messages++) {
        for (int i = 0; i < CALLS; i++, number += 2)
            party_gather(&deaf, &(struct frame){.exchange = number,
                                                .kind = FRAME_CALL,
                                                .call = {.url = text_span("rpc://nobody/")}});
        sent = caller_stream_send(deaf.stream, bytes_copy(deaf.out.data, deaf.out.len), false);
        deaf.out.len = 0;
    }
    assert_true(messages < MESSAGES);
    party_vanish(&deaf);
    meet_close(&meet);
}

static void who_never_says_hello_is_silent_too(void **state)
{
    (void)state;
    struct meet meet;
    struct party party;
    struct frame frame;
    struct error error;
    open_beating(&meet, BEAT_MS);
    party_open(&party, meet.caller);
    caller_stream_send(party.stream, bytes_new(0), false);
    while (party_next(&party, &frame)) {
    }
    assert_int_equal(caller_stream_end(party.stream, &error), REASON_TIMED_OUT);
    party_vanish(&party);
    meet_close(&meet);
}

/* ---- going down ---- */

static void sessions_finish_what_they_have_when_photond_goes_down(void **state)
{
    (void)state;
    struct meet meet;
    struct party server, client, idle;
    struct frame frame;
    struct error error;
    meet_open(&meet);
    party_serve(&server, &meet, "s", "1", "/ask");
    party_ask(&client, &meet);
    party_ask(&idle, &meet);
    party_call(&client, 1, "rpc://s/ask", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    meet_drain(&meet);
    party_hear(&server, FRAME_DRAIN, 0, &frame);
    assert_int_equal(frame.drain_ms, 1000);
    party_hear(&client, FRAME_DRAIN, 0, &frame);
    party_hear(&idle, FRAME_DRAIN, 0, &frame);
    party_hear_end(&idle, REASON_SHUTTING_DOWN);
    party_call(&client, 3, "rpc://s/ask", "");
    party_hear_error(&client, 3, REASON_SHUTTING_DOWN, &error);
    assert_true(error.retryable && !error.maybe_applied);
    party_answer(&server, 2, 200, "last");
    party_hear(&client, FRAME_ANSWER, 1, &frame);
    assert_span(frame.answer.body, "last");
    party_hear_end(&client, REASON_SHUTTING_DOWN);
    party_hear_end(&server, REASON_SHUTTING_DOWN);
    meet_close(&meet);
}

static void streams_and_watches_end_when_photond_goes_down(void **state)
{
    (void)state;
    struct meet meet;
    struct party server;
    struct frame frame;
    struct error error;
    meet_open(&meet);
    party_serve(&server, &meet, "s", "1", "stream:/p");
    struct bus_call call = {.url = text_span("stream://s/p")};
    struct discover_request request = {.watch = true};
    struct caller_stream *stream = meet_begin(&meet, "Stream", bus_stream_encode(&call));
    struct caller_stream *watch = meet_begin(&meet, "Discover", discover_request_encode(&request));
    bytes_unref(caller_stream_read(watch));
    party_hear(&server, FRAME_CALL, 2, &frame);
    meet_drain(&meet);
    assert_null(caller_stream_read(stream));
    assert_int_equal(caller_stream_end(stream, &error), REASON_SHUTTING_DOWN);
    caller_stream_free(stream);
    bytes_unref(caller_stream_read(watch));
    assert_int_equal(caller_stream_end(watch, &error), REASON_SHUTTING_DOWN);
    caller_stream_free(watch);
    assert_true(party_next(&server, &frame)); /* Drain and Cancel are both urgent */
    assert_true(party_next(&server, &frame));
    party_hear_end(&server, REASON_SHUTTING_DOWN);
    meet_close(&meet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_silent_for_two_beats_is_lost_with_its_exchanges),
        cmocka_unit_test(who_beats_stays_and_hears_beats),
        cmocka_unit_test(who_is_silent_and_does_not_read_is_cut_off),
        cmocka_unit_test(who_asks_and_never_listens_is_not_read_and_cut_off),
        cmocka_unit_test(who_never_says_hello_is_silent_too),
        cmocka_unit_test(sessions_finish_what_they_have_when_photond_goes_down),
        cmocka_unit_test(streams_and_watches_end_when_photond_goes_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
