/*
 * Flow on a session: credit, bodies in pieces, and that nobody is held up by somebody else (semantics 16).
 */
#include "tests/bus/meet.h"

static struct meet meet;
static uint8_t large[MEET_BODY_BYTES];

static int open_meet(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 2654435761u >> 13);
    meet_open(&meet);
    return 0;
}

static int close_meet(void **state)
{
    (void)state;
    meet_close(&meet);
    return 0;
}

static void credit(struct party *party, uint64_t exchange, uint32_t items, uint64_t bytes)
{
    party_say(party, &(struct frame){
                         .exchange = exchange, .kind = FRAME_CREDIT, .credit = {items, bytes}});
}

static void item(struct party *party, uint64_t exchange, struct span body, uint64_t body_bytes)
{
    party_say(party, &(struct frame){.exchange = exchange,
                                     .kind = FRAME_ITEM,
                                     .item = {.body = body, .body_bytes = body_bytes}});
}

static void chunk(struct party *party, uint64_t exchange, size_t from, size_t len)
{
    party_say(party, &(struct frame){
                         .exchange = exchange, .kind = FRAME_CHUNK, .chunk = {large + from, len}});
}

/* A subscription of the client's, as exchange 1, at the server as 2. */
static void subscribe(struct party *server, struct party *client, uint32_t items, uint64_t bytes)
{
    struct frame frame;
    party_serve(server, &meet, "ticker", "1", "stream:/ticks");
    party_ask(client, &meet);
    party_say(client, &(struct frame){.exchange = 1,
                                      .kind = FRAME_CALL,
                                      .call = {.url = text_span("stream://ticker/ticks?from=7"),
                                               .credit_items = items,
                                               .credit_bytes = bytes}});
    party_hear(server, FRAME_CALL, 2, &frame);
    assert_span(frame.call.url, "stream://ticker/ticks?from=7");
    assert_int_equal(frame.call.credit_items, items);
    assert_int_equal(frame.call.credit_bytes, bytes);
    assert_int_equal(frame.call.timeout_ms, 0);
}

static void a_stream_runs_to_its_end(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    subscribe(&server, &client, 2, 100);
    item(&server, 2, text_span("one"), 0);
    party_hear(&client, FRAME_ITEM, 1, &frame);
    assert_span(frame.item.body, "one");
    credit(&client, 1, 5, 50);
    party_hear(&server, FRAME_CREDIT, 2, &frame);
    assert_int_equal(frame.credit.items, 5);
    assert_int_equal(frame.credit.bytes, 50);
    for (int i = 0; i < 6; i++)
        item(&server, 2, text_span(""), 0);
    party_say(&server, &(struct frame){.exchange = 2, .kind = FRAME_END});
    for (int i = 0; i < 6; i++)
        party_hear(&client, FRAME_ITEM, 1, &frame);
    party_hear(&client, FRAME_END, 1, &frame);
    item(&server, 2, text_span("late"), 0); /* ignored */
    party_call(&server, 1, "rpc://nobody/", "");
    party_hear_error(&server, 1, REASON_NO_SUCH_SERVICE, NULL);
    party_close(&client);
    party_close(&server);
}

/* semantics 16 */
static void an_item_without_credit_ends_its_exchange_for_both_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        uint32_t items;
        uint64_t bytes;
    } cases[] = {{2, 1 << 20}, {1 << 20, 8}};
    for (size_t i = 0; i < 2; i++) {
        struct party server, client;
        struct frame frame;
        struct error error;
        subscribe(&server, &client, cases[i].items, cases[i].bytes);
        for (int k = 0; k < 3; k++) /* the second may overdraw the bytes, the third not */
            item(&server, 2, text_span("12345678"), 0);
        if (i == 1) {
            party_hear(&client, FRAME_ITEM, 1, &frame);
            party_hear_error(&client, 1, REASON_RESPONDER_LOST, &error);
        } else {
            party_hear(&client, FRAME_ITEM, 1, &frame);
            party_hear(&client, FRAME_ITEM, 1, &frame);
            party_hear_error(&client, 1, REASON_RESPONDER_LOST, &error);
        }
        party_hear_error(&server, 2, REASON_INVALID_ARGUMENT, &error);
        party_call(&server, 1, "rpc://nobody/", "");
        party_hear_error(&server, 1, REASON_NO_SUCH_SERVICE, NULL);
        party_close(&client);
        party_close(&server);
    }
}

/* semantics 16 */
static void a_large_request_and_its_large_answer_travel_in_pieces(void **state)
{
    (void)state;
    enum { PIECE = 60000 };
    struct party server, client;
    struct frame frame;
    party_serve(&server, &meet, "copy", "1", "/copy");
    party_ask(&client, &meet);
    party_say(&client, &(struct frame){.exchange = 1,
                                       .kind = FRAME_CALL,
                                       .call = {.url = text_span("rpc://copy/copy"),
                                                .body = {large, PIECE},
                                                .body_bytes = 3 * PIECE,
                                                .credit_bytes = 1}});
    party_hear(&server, FRAME_CALL, 2, &frame);
    assert_int_equal(frame.call.body_bytes, 3 * PIECE);
    credit(&server, 2, 0, PIECE + 1);
    party_hear(&client, FRAME_CREDIT, 1, &frame);
    chunk(&client, 1, PIECE, PIECE);
    chunk(&client, 1, 2 * PIECE, PIECE);
    for (size_t i = 1; i < 3; i++) {
        party_hear(&server, FRAME_CHUNK, 2, &frame);
        assert_int_equal(frame.chunk.len, PIECE);
        assert_memory_equal(frame.chunk.data, large + i * PIECE, PIECE);
    }
    party_say(&server, &(struct frame){.exchange = 2,
                                       .kind = FRAME_ANSWER,
                                       .answer = {.status = 200, .body_bytes = 2 * PIECE}});
    chunk(&server, 2, 0, PIECE); /* overdraws the one byte */
    party_hear(&client, FRAME_ANSWER, 1, &frame);
    party_hear(&client, FRAME_CHUNK, 1, &frame);
    credit(&client, 1, 0, PIECE);
    party_hear(&server, FRAME_CREDIT, 2, &frame);
    chunk(&server, 2, PIECE, PIECE);
    party_hear(&client, FRAME_CHUNK, 1, &frame);
    assert_memory_equal(frame.chunk.data, large + PIECE, PIECE);
    credit(&client, 1, 0, PIECE); /* it is over: ignored */
    party_call(&client, 3, "rpc://nobody/", "");
    party_hear_error(&client, 3, REASON_NO_SUCH_SERVICE, NULL);
    party_close(&client);
    party_close(&server);
}

/* semantics 16 */
static void pieces_that_break_the_contract_end_their_exchange(void **state)
{
    (void)state;
    enum { NO_BODY, TOO_LONG, NO_CREDIT, CASES };
    for (int i = 0; i < CASES; i++) {
        struct party server, client;
        struct frame frame;
        party_serve(&server, &meet, "copy", "1", "/copy");
        party_ask(&client, &meet);
        party_say(&client, &(struct frame){.exchange = 1,
                                           .kind = FRAME_CALL,
                                           .call = {.url = text_span("rpc://copy/copy"),
                                                    .body_bytes = i == NO_BODY ? 0 : 10}});
        party_hear(&server, FRAME_CALL, 2, &frame);
        if (i != NO_CREDIT) {
            credit(&server, 2, 0, 100);
            party_hear(&client, FRAME_CREDIT, 1, &frame);
        }
        chunk(&client, 1, 0, i == TOO_LONG ? 11 : 10);
        party_hear_error(&client, 1, REASON_INVALID_ARGUMENT, NULL);
        party_hear(&server, FRAME_CANCEL, 2, &frame);
        party_close(&client);
        party_close(&server);
    }
}

static void answers_that_break_the_contract_are_told_to_both(void **state)
{
    (void)state;
    static const struct {
        struct frame frame;
        bool stream;
        enum reason caller, responder;
    } cases[] = {
        {{.kind = FRAME_ANSWER, .answer = {.body_bytes = MEET_BODY_BYTES + 1}},
         false,
         REASON_TOO_LARGE,
         REASON_TOO_LARGE},
        {{.kind = FRAME_ITEM}, false, REASON_RESPONDER_LOST, REASON_INVALID_ARGUMENT},
        {{.kind = FRAME_END}, false, REASON_RESPONDER_LOST, REASON_INVALID_ARGUMENT},
        {{.kind = FRAME_ANSWER}, true, REASON_RESPONDER_LOST, REASON_INVALID_ARGUMENT},
        {{.kind = FRAME_ITEM, .item = {.body_bytes = MEET_BODY_BYTES + 1}},
         true,
         REASON_TOO_LARGE,
         REASON_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct party server, client;
        struct frame frame = cases[i].frame, heard;
        struct error error;
        bool stream = cases[i].stream;
        party_serve(&server, &meet, "s", "1", stream ? "stream:/p" : "/p");
        party_ask(&client, &meet);
        party_call(&client, 1, stream ? "stream://s/p" : "rpc://s/p", "");
        party_hear(&server, FRAME_CALL, 2, &heard);
        frame.exchange = 2;
        party_say(&server, &frame);
        party_hear_error(&client, 1, cases[i].caller, &error);
        assert_true(error.maybe_applied);
        party_hear_error(&server, 2, cases[i].responder, NULL);
        party_close(&client);
        party_close(&server);
    }
}

/* semantics 16 */
static void a_stuck_stream_is_not_noticed_by_a_thousand_requests_on_its_session(void **state)
{
    (void)state;
    struct party server, client;
    struct frame frame;
    subscribe(&server, &client, 3, 1 << 20);
    party_say(&server,
              &(struct frame){.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/ask")}});
    party_hear(&server, FRAME_ENDPOINT_DONE, 0, &frame);
    for (int i = 0; i < 3; i++)
        item(&server, 2, (struct span){large, 50000}, 0); /* all that it may: it is stuck now */
    for (int i = 0; i < 3; i++)
        party_hear(&client, FRAME_ITEM, 1, &frame);
    for (uint64_t i = 0; i < 1000; i++) {
        party_call(&client, 2 * i + 3, "rpc://ticker/ask", "?");
        party_hear(&server, FRAME_CALL, 2 * i + 4, &frame);
        party_answer(&server, 2 * i + 4, 200, "!");
        party_hear(&client, FRAME_ANSWER, 2 * i + 3, &frame);
    }
    credit(&client, 1, 1, 0);
    party_hear(&server, FRAME_CREDIT, 2, &frame);
    item(&server, 2, text_span("on it goes"), 0);
    party_hear(&client, FRAME_ITEM, 1, &frame);
    party_close(&client);
    party_hear(&server, FRAME_CANCEL, 2, &frame);
    party_close(&server);
}

/* In which order is the outbox's business, and its test's. */
static void a_large_answer_and_many_small_ones_all_arrive(void **state)
{
    (void)state;
    enum { PIECE = 60000, PIECES = 15, REQUESTS = 100 };
    struct party server, client;
    struct frame frame;
    int pieces = 0, answers = 0;
    party_serve(&server, &meet, "copy", "1", "/**");
    party_ask(&client, &meet);
    party_call(&client, 1, "rpc://copy/large", "");
    party_hear(&server, FRAME_CALL, 2, &frame);
    for (uint64_t i = 0; i < REQUESTS; i++)
        party_call(&client, 2 * i + 3, "rpc://copy/small", "");
    for (uint64_t i = 0; i < REQUESTS; i++)
        party_hear(&server, FRAME_CALL, 2 * i + 4, &frame);
    party_say(&server, &(struct frame){.exchange = 2,
                                       .kind = FRAME_ANSWER,
                                       .answer = {.status = 200, .body_bytes = PIECES * PIECE}});
    for (int i = 0; i < PIECES; i++)
        chunk(&server, 2, 0, PIECE);
    for (uint64_t i = 0; i < REQUESTS; i++) /* one message: they come together, behind all of it */
        party_gather(&server, &(struct frame){.exchange = 2 * i + 4,
                                              .kind = FRAME_ANSWER,
                                              .answer = {.status = 200}});
    party_flush(&server);
    while (answers < REQUESTS || pieces < PIECES) {
        assert_true(party_next(&client, &frame));
        pieces += frame.kind == FRAME_CHUNK;
        answers += frame.kind == FRAME_ANSWER && frame.exchange != 1;
    }
    party_close(&client);
    party_close(&server);
}

/* semantics 18 */
static void a_session_that_does_not_read_gets_nothing_new_and_harms_nobody(void **state)
{
    (void)state;
    enum { PIECE = 60000, CALLS = 250 };
    struct party deaf, client;
    struct frame frame;
    struct error error;
    uint64_t number = 1;
    int busy = 0, applied = 0;
    party_serve(&deaf, &meet, "deaf", "1", "/ask");
    party_ask(&client, &meet);
    for (int i = 0; i < CALLS; i++, number += 2)
        party_say(&client, &(struct frame){.exchange = number,
                                           .kind = FRAME_CALL,
                                           .call = {.url = text_span("rpc://deaf/ask"),
                                                    .body = {large, PIECE}}});
    for (int i = 0; i < CALLS; i++, number += 2) /* by now it is full one way or the other */
        party_call(&client, number, "rpc://deaf/ask", "");
    party_call(&client, number, "rpc://nobody/", "");
    while (party_next(&client, &frame) && frame.exchange != number) {
        assert_int_equal(frame.kind, FRAME_ERROR);
        assert_int_equal(error_decode(frame.error, &error), REASON_NONE);
        assert_int_equal(error.reason, REASON_BUSY);
        busy++;
    }
    assert_true(busy >= CALLS - 6);
    party_vanish(&deaf);
    for (int i = busy; i < 2 * CALLS; i++) {
        assert_true(party_next(&client, &frame));
        assert_int_equal(error_decode(frame.error, &error), REASON_NONE);
        assert_int_equal(error.reason, REASON_RESPONDER_LOST);
        applied += error.maybe_applied;
    }
    assert_true(applied > 0);                /* what the network holds may have been read */
    assert_true(applied < 2 * CALLS - busy); /* what waited here was not */
    party_close(&client);
}

static void credits_for_a_session_that_does_not_read_are_added_up(void **state)
{
    (void)state;
    enum { PIECE = 60000, CALLS = 250, CREDITS = 5000 };
    struct party deaf, client;
    struct frame frame;
    uint64_t number = 3, bytes = 0, frames = 0;
    subscribe(&deaf, &client, 1, 1);
    party_say(&deaf,
              &(struct frame){.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/ask")}});
    party_hear(&deaf, FRAME_ENDPOINT_DONE, 0, &frame);
    for (int i = 0; i < CALLS; i++, number += 2)
        party_say(&client, &(struct frame){.exchange = number,
                                           .kind = FRAME_CALL,
                                           .call = {.url = text_span("rpc://ticker/ask"),
                                                    .body = {large, PIECE}}});
    for (int i = 0; i < CREDITS; i++)
        party_gather(&client,
                     &(struct frame){.exchange = 1, .kind = FRAME_CREDIT, .credit = {.bytes = 2}});
    party_flush(&client);
    while (bytes < 2 * CREDITS) {
        assert_true(party_next(&deaf, &frame));
        if (frame.kind != FRAME_CREDIT)
            continue;
        bytes += frame.credit.bytes;
        frames++;
    }
    assert_int_equal(bytes, 2 * CREDITS);
    assert_true(frames <= CREDITS);
    party_vanish(&deaf);
    party_vanish(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_runs_to_its_end),
        cmocka_unit_test(an_item_without_credit_ends_its_exchange_for_both_and_nothing_else),
        cmocka_unit_test(a_large_request_and_its_large_answer_travel_in_pieces),
        cmocka_unit_test(pieces_that_break_the_contract_end_their_exchange),
        cmocka_unit_test(answers_that_break_the_contract_are_told_to_both),
        cmocka_unit_test(a_stuck_stream_is_not_noticed_by_a_thousand_requests_on_its_session),
        cmocka_unit_test(a_large_answer_and_many_small_ones_all_arrive),
        cmocka_unit_test(a_session_that_does_not_read_gets_nothing_new_and_harms_nobody),
        cmocka_unit_test(credits_for_a_session_that_does_not_read_are_added_up),
    };
    return cmocka_run_group_tests(tests, open_meet, close_meet);
}
