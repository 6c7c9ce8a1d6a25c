/*
 * Requests to services: answered, failed, lost, out of time, cancelled; large ones; what they inherit.
 */
#include "tests/sdk/fake_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

enum { PATIENCE_MS = 60000, LARGE = 300 << 10, FRAME = BUS_FRAME_BYTES };

struct line {
    struct fake_bus *bus;
    muon_client *c;
    muon_queue *q;
};

static struct line open_line(void)
{
    struct line line = {.bus = fake_bus_new()};
    line.c = made_client(fake_bus_url(line.bus), NULL);
    assert_int_equal(muon_queue_new(line.c, &line.q, NULL), MUON_OK);
    return line;
}

static void close_line(struct line *line)
{
    muon_queue_free(line->q);
    made_close(line->c);
    fake_bus_free(line->bus);
}

static void ask(struct line *line, uint64_t tag)
{
    muon_error err;
    if (muon_request_async(line->c, "rpc://shop/orders", "{}", 2, NULL, line->q, tag, &err) !=
        MUON_OK)
        fail_msg("%s", err.message);
}

static muon_item next(struct line *line)
{
    muon_item item;
    assert_int_equal(muon_queue_wait(line->q, &item, 1, PATIENCE_MS), 1);
    assert_int_equal(item.kind, MUON_ITEM_REPLY);
    return item;
}

static struct seen next_call(struct line *line)
{
    return fake_bus_next(line->bus, FRAME_CALL);
}

/* One request and its answer: afterwards there is a session. */
static void warm_up(struct line *line)
{
    ask(line, 0);
    struct seen call = next_call(line);
    fake_bus_answer(line->bus, &call, 200, "");
    muon_item item = next(line);
    assert_int_equal(item.status, MUON_OK);
    muon_item_clear(&item);
}

static uint8_t *pattern(size_t len)
{
    uint8_t *data = malloc(len);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    return data;
}

static void an_answer_of_any_status_is_a_success(void **state)
{
    (void)state;
    struct line line = open_line();
    ask(&line, 5);
    struct seen call = next_call(&line);
    assert_true(text_equal(call.frame.call.url, text_span("rpc://shop/orders")));
    assert_true(text_equal(call.frame.call.body, text_span("{}")));
    assert_int_equal(call.frame.exchange, 1);
    assert_in_range(call.frame.call.timeout_ms, 1, 30000);
    fake_bus_answer(line.bus, &call, 404, "no such order");
    muon_item item = next(&line);
    const muon_reply *reply = item.object;
    assert_int_equal(item.tag, 5);
    assert_int_equal(item.status, MUON_OK);
    assert_int_equal(reply->status, 404);
    assert_string_equal(reply->body.ptr, "no such order");
    assert_string_equal(reply->content_type.ptr, "application/json");
    assert_string_equal(reply->service.ptr, "shop");
    assert_string_equal(reply->instance.ptr, "instance-1");
    muon_item_clear(&item);
    close_line(&line);
}

/* semantics 23 */
static void requests_that_wait_travel_together_and_answers_come_in_any_order(void **state)
{
    enum { N = 200 };
    (void)state;
    struct line line = open_line();
    static struct seen calls[N];
    bool answered[N] = {false};
    for (uint64_t i = 0; i < N; i++)
        ask(&line, i);
    for (int i = 0; i < N; i++)
        calls[i] = next_call(&line);
    assert_true(fake_bus_most(line.bus) > 10);
    for (int i = N - 1; i >= 0; i--) {
        assert_int_equal(calls[i].frame.exchange, 2 * i + 1); /* sent in the order accepted */
        fake_bus_answer(line.bus, &calls[i], 200, "");
    }
    for (int i = 0; i < N; i++) {
        muon_item item = next(&line);
        assert_int_equal(item.status, MUON_OK);
        assert_false(answered[item.tag]);
        answered[item.tag] = true;
        muon_item_clear(&item);
    }
    close_line(&line);
}

static void no_more_are_under_way_than_the_welcome_allows(void **state)
{
    (void)state;
    const struct bus_welcome narrow = {.beat_ms = 60000, .max_calls = 2};
    struct line line = open_line();
    struct seen calls[5];
    fake_bus_welcome(line.bus, &narrow);
    for (uint64_t i = 0; i < 5; i++)
        ask(&line, i);
    calls[0] = next_call(&line);
    calls[1] = next_call(&line);
    for (int i = 2; i < 5; i++) {
        fake_bus_answer(line.bus, &calls[i - 2], 200, "");
        calls[i] = next_call(&line);
        assert_int_equal(fake_bus_count(line.bus, FRAME_CALL), i + 1);
    }
    close_line(&line);
}

/* semantics 18 */
static void what_had_left_fails_and_is_not_sent_again_and_what_had_not_is_sent(void **state)
{
    (void)state;
    const struct bus_welcome narrow = {.beat_ms = 60000, .max_calls = 1};
    struct line line = open_line();
    fake_bus_welcome(line.bus, &narrow);
    ask(&line, 1);
    ask(&line, 2);
    struct seen first = next_call(&line);
    fake_bus_cut(line.bus, first.call, REASON_SHUTTING_DOWN);
    muon_item item = next(&line);
    assert_int_equal(item.tag, 1);
    assert_int_equal(item.status, MUON_EREMOTE);
    assert_true(item.error->flags & MUON_MAYBE_APPLIED);
    muon_item_clear(&item);
    struct seen second = next_call(&line);
    assert_true(second.call > first.call);
    fake_bus_answer(line.bus, &second, 200, "");
    item = next(&line);
    assert_int_equal(item.tag, 2);
    assert_int_equal(item.status, MUON_OK);
    muon_item_clear(&item);
    assert_int_equal(fake_bus_count(line.bus, FRAME_CALL), 2);
    close_line(&line);
}

static void a_request_waits_for_a_connection_until_its_time_is_over(void **state)
{
    (void)state;
    muon_client *c = made_client("muon+insecure://127.0.0.1:1", NULL);
    const muon_request_opts opts = {.timeout_ms = 50};
    muon_reply *reply;
    muon_error err;
    assert_int_equal(muon_request(c, "rpc://shop/orders", NULL, 0, &opts, &reply, &err),
                     MUON_ETIMEDOUT);
    assert_false(err.flags & MUON_MAYBE_APPLIED);
    assert_non_null(strstr(err.message, "rpc://shop/orders"));
    made_close(c);
}

static void a_request_without_an_answer_may_have_been_acted_upon(void **state)
{
    (void)state;
    struct line line = open_line();
    const muon_request_opts opts = {.timeout_ms = 50};
    muon_reply *reply;
    muon_error err;
    warm_up(&line);
    assert_int_equal(muon_request(line.c, "rpc://shop/orders", NULL, 0, &opts, &reply, &err),
                     MUON_ETIMEDOUT);
    assert_true(err.flags & MUON_MAYBE_APPLIED);
    struct seen call = next_call(&line), cancel = fake_bus_next(line.bus, FRAME_CANCEL);
    assert_int_equal(cancel.frame.exchange, call.frame.exchange);
    close_line(&line);
}

static void a_cancelled_request_is_cancelled_there_too(void **state)
{
    (void)state;
    struct line line = open_line();
    ask(&line, 9);
    struct seen call = next_call(&line);
    assert_int_equal(muon_cancel(line.q, 8), MUON_ENOENT);
    assert_int_equal(muon_cancel(line.q, 9), MUON_OK);
    muon_item item = next(&line);
    assert_int_equal(item.status, MUON_ECANCELLED);
    assert_true(item.error->flags & MUON_MAYBE_APPLIED);
    muon_item_clear(&item);
    struct seen cancel = fake_bus_next(line.bus, FRAME_CANCEL);
    assert_int_equal(cancel.frame.exchange, call.frame.exchange);
    fake_bus_answer(line.bus, &call, 200, "too late");
    warm_up(&line);
    close_line(&line);
}

/* semantics 16 */
static void a_large_body_goes_in_pieces_as_there_is_credit_and_holds_up_nobody(void **state)
{
    (void)state;
    struct line line = open_line();
    uint8_t *body = pattern(LARGE);
    assert_int_equal(
        muon_request_async(line.c, "rpc://shop/large", body, LARGE, NULL, line.q, 1, NULL),
        MUON_OK);
    struct seen call = next_call(&line);
    assert_int_equal(call.frame.call.body_bytes, LARGE);
    assert_int_equal(call.frame.call.body.len, FRAME);
    assert_memory_equal(call.frame.call.body.data, body, FRAME);
    fake_bus_credit(line.bus, &call, 0, 1); /* enough for one, overdrawn */
    size_t at = FRAME;
    struct seen chunk = fake_bus_next(line.bus, FRAME_CHUNK);
    assert_memory_equal(chunk.frame.chunk.data, body + at, chunk.frame.chunk.len);
    at += chunk.frame.chunk.len;
    warm_up(&line);
    assert_int_equal(fake_bus_count(line.bus, FRAME_CHUNK), 1);
    for (fake_bus_credit(line.bus, &call, 0, 2 * LARGE); at < LARGE; at += chunk.frame.chunk.len) {
        chunk = fake_bus_next(line.bus, FRAME_CHUNK);
        assert_int_equal(chunk.frame.exchange, call.frame.exchange);
        assert_memory_equal(chunk.frame.chunk.data, body + at, chunk.frame.chunk.len);
    }
    assert_int_equal(at, LARGE);
    free(body);
    close_line(&line);
}

static void send_piece(struct line *line, const struct seen *call, const uint8_t *body, size_t at,
                       size_t len)
{
    struct frame frame = {.exchange = call->frame.exchange, .kind = FRAME_CHUNK};
    if (at == 0) {
        frame.kind = FRAME_ANSWER;
        frame.answer = (struct bus_answer){.status = 200, .body = {body, len}, .body_bytes = LARGE};
    } else {
        frame.chunk = (struct span){body + at, len};
    }
    fake_bus_send(line->bus, call->call, &frame);
}

/* semantics 16 */
static void a_large_answer_is_put_together_and_given_credit(void **state)
{
    (void)state;
    struct line line = open_line();
    uint8_t *body = pattern(LARGE);
    ask(&line, 1);
    struct seen call = next_call(&line);
    uint64_t credit = call.frame.call.credit_bytes;
    for (size_t at = 0; at < LARGE;) {
        size_t len = LARGE - at < FRAME ? LARGE - at : FRAME;
        send_piece(&line, &call, body, at, len);
        if (at > 0 && credit <= len)
            credit += fake_bus_next(line.bus, FRAME_CREDIT).frame.credit.bytes;
        credit -= at > 0 ? len : 0;
        at += len;
    }
    muon_item item = next(&line);
    const muon_reply *reply = item.object;
    assert_int_equal(item.status, MUON_OK);
    assert_int_equal(reply->body.len, LARGE);
    assert_memory_equal(reply->body.ptr, body, LARGE);
    assert_int_equal(reply->body.ptr[LARGE], 0);
    muon_item_clear(&item);
    free(body);
    close_line(&line);
}

static void an_answer_that_makes_no_sense_fails_the_request_only(void **state)
{
    (void)state;
    struct line line = open_line();
    ask(&line, 1);
    struct seen call = next_call(&line);
    const struct frame end = {.exchange = call.frame.exchange, .kind = FRAME_END};
    fake_bus_send(line.bus, call.call, &end);
    muon_item item = next(&line);
    assert_int_equal(item.status, MUON_EPROTO);
    muon_item_clear(&item);
    ask(&line, 2);
    call = next_call(&line);
    struct frame huge = {.exchange = call.frame.exchange, .kind = FRAME_ANSWER};
    huge.answer = (struct bus_answer){.status = 200, .body_bytes = 1 << 30};
    fake_bus_send(line.bus, call.call, &huge);
    item = next(&line);
    assert_int_equal(item.status, MUON_EPROTO);
    muon_item_clear(&item);
    warm_up(&line);
    close_line(&line);
}

static void what_photond_says_becomes_a_status(void **state)
{
    static const struct {
        enum reason reason;
        int32_t status;
        uint32_t flags;
    } rows[] = {
        {REASON_NO_SUCH_SERVICE, MUON_ENOENT, MUON_RETRYABLE},
        {REASON_NO_SUCH_PATH, MUON_ENOENT, 0},
        {REASON_RESPONDER_LOST, MUON_EREMOTE, MUON_RETRYABLE | MUON_MAYBE_APPLIED},
        {REASON_TIMED_OUT, MUON_ETIMEDOUT, MUON_RETRYABLE | MUON_MAYBE_APPLIED},
        {REASON_BUSY, MUON_EUNAVAIL, MUON_RETRYABLE},
        {REASON_DENIED, MUON_EPERM, 0},
    };
    (void)state;
    struct line line = open_line();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask(&line, i);
        struct seen call = next_call(&line);
        fake_bus_error(line.bus, &call, rows[i].reason);
        muon_item item = next(&line);
        assert_int_equal(item.status, rows[i].status);
        assert_int_equal(item.error->flags, rows[i].flags);
        assert_int_equal(item.error->reason, rows[i].reason);
        assert_null(item.object);
        muon_item_clear(&item);
    }
    close_line(&line);
}

static void the_1025th_request_in_flight_is_told_to_wait(void **state)
{
    (void)state;
    muon_client *c = made_client("muon+insecure://127.0.0.1:1", NULL);
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (uint64_t i = 0; i < 1024; i++)
        assert_int_equal(muon_request_async(c, "rpc://s/p", NULL, 0, NULL, q, i, NULL), MUON_OK);
    assert_int_equal(muon_request_async(c, "rpc://s/p", NULL, 0, NULL, q, 1024, NULL), MUON_EAGAIN);
    assert_int_equal(muon_cancel(q, 3), MUON_OK);
    assert_int_equal(muon_request_async(c, "rpc://s/p", NULL, 0, NULL, q, 1024, NULL),
                     MUON_EAGAIN); /* not drained yet */
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    muon_item_clear(&item);
    assert_int_equal(muon_request_async(c, "rpc://s/p", NULL, 0, NULL, q, 1024, NULL), MUON_OK);
    made_close(c);
    int cancelled = 0;
    for (; muon_queue_wait(q, &item, 1, 0) == 1; cancelled++) {
        assert_int_equal(item.status, MUON_ECANCELLED);
        assert_false(item.error->flags & MUON_MAYBE_APPLIED);
        muon_item_clear(&item);
    }
    assert_int_equal(cancelled, 1024);
    muon_queue_free(q);
}

/* semantics 20 */
static void cause_and_trace_are_those_of_what_is_being_handled(void **state)
{
    (void)state;
    struct line line = open_line();
    const muon_call call = {.caused_by = {"order-1", 7}, .traceparent = {"00-call", 7}};
    const muon_event event = {.event_id = {"event-1", 7}, .traceparent = {"00-event", 8}};
    const muon_request_opts rows[] = {
        {.in_call = &call},
        {.in_event = &event},
        {.in_event = &event, .caused_by = "mine", .traceparent = "00-mine"},
    };
    static const char *const causes[] = {"order-1", "event-1", "mine"};
    static const char *const traces[] = {"00-call", "00-event", "00-mine"};
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(
            muon_request_async(line.c, "rpc://s/p", NULL, 0, &rows[i], line.q, i, NULL), MUON_OK);
        struct seen seen = next_call(&line);
        assert_true(text_equal(seen.frame.call.caused_by, text_span(causes[i])));
        assert_true(text_equal(seen.frame.call.traceparent, text_span(traces[i])));
    }
    const muon_request_opts both = {.in_call = &call, .in_event = &event};
    assert_int_equal(muon_request_async(line.c, "rpc://s/p", NULL, 0, &both, line.q, 9, NULL),
                     MUON_EINVAL);
    close_line(&line);
}

static void arguments_that_break_a_rule_are_named(void **state)
{
    static const char *const urls[] = {"shop/orders", "stream://shop/orders", "rpc://shop",
                                       "rpc:///orders", "rpc://shop/a**"};
    (void)state;
    muon_client *c = made_client("muon+insecure://127.0.0.1:1", NULL);
    muon_reply *reply;
    muon_error err;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_int_equal(muon_request(c, urls[i], NULL, 0, NULL, &reply, &err), MUON_EINVAL);
        assert_non_null(strstr(err.message, "url"));
    }
    assert_int_equal(muon_request(c, NULL, NULL, 0, NULL, &reply, &err), MUON_EINVAL);
    assert_int_equal(muon_request(c, "rpc://s/p", NULL, 1, NULL, &reply, &err), MUON_EINVAL);
    assert_int_equal(muon_request(c, "rpc://s/p", NULL, 0, NULL, NULL, &err), MUON_EINVAL);
    assert_int_equal(muon_request_async(c, "rpc://s/p", NULL, 0, NULL, NULL, 0, &err), MUON_EINVAL);
    const muon_request_opts flags = {.flags = 1}, time = {.timeout_ms = -2};
    assert_int_equal(muon_request(c, "rpc://s/p", NULL, 0, &flags, &reply, &err), MUON_EINVAL);
    assert_int_equal(muon_request(c, "rpc://s/p", NULL, 0, &time, &reply, &err), MUON_EINVAL);
    uint8_t *large = calloc(1, (4 << 20) + 1);
    assert_int_equal(muon_request(c, "rpc://s/p", large, (4 << 20) + 1, NULL, &reply, &err),
                     MUON_ETOOBIG);
    free(large);
    made_close(c);
}

static void who_is_there_and_what_they_offer_are_documents(void **state)
{
    (void)state;
    struct line line = open_line();
    muon_reply *reply;
    muon_error err;
    assert_int_equal(muon_discover(line.c, NULL, 0, &reply, NULL), MUON_OK);
    assert_string_equal(
        reply->body.ptr,
        "{\"services\":[{\"identifier\":\"shop\",\"tags\":[\"eu\"],\"instances\":[{\"instance-id\":"
        "\"i-1\",\"identity\":\"shop.example\",\"tags\":[\"eu\"],\"endpoints\":[{\"path\":"
        "\"/orders\",\"stream\":false,\"doc\":\"takes \\\"orders\\\"\"}],\"since\":1234,"
        "\"in-flight\":2,\"draining\":false}]}]}");
    muon_reply_free(reply);
    assert_int_equal(muon_introspect(line.c, "shop", 0, &reply, NULL), MUON_OK);
    assert_string_equal(
        reply->body.ptr,
        "{\"serviceName\":\"shop\",\"protocols\":[{\"protocolScheme\":\"rpc\",\"protocolName\":"
        "\"Request/response\",\"description\":\"Ask the service and get one answer\","
        "\"operations\":[{\"resource\":\"/orders\",\"doc\":\"takes \\\"orders\\\"\"}]},"
        "{\"protocolScheme\":\"stream\",\"protocolName\":\"Streams\",\"description\":"
        "\"Subscribe to what the service publishes\",\"operations\":[{\"resource\":\"/prices\","
        "\"doc\":\"\"}]}]}");
    muon_reply_free(reply);
    assert_int_equal(muon_introspect(line.c, "nobody", 0, &reply, &err), MUON_ENOENT);
    assert_true(err.flags & MUON_RETRYABLE);
    assert_int_equal(muon_introspect(line.c, "", 0, &reply, &err), MUON_EINVAL);
    assert_int_equal(muon_discover(line.c, "\x01", 0, &reply, &err), MUON_EINVAL);
    close_line(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_of_any_status_is_a_success),
        cmocka_unit_test(requests_that_wait_travel_together_and_answers_come_in_any_order),
        cmocka_unit_test(no_more_are_under_way_than_the_welcome_allows),
        cmocka_unit_test(what_had_left_fails_and_is_not_sent_again_and_what_had_not_is_sent),
        cmocka_unit_test(a_request_waits_for_a_connection_until_its_time_is_over),
        cmocka_unit_test(a_request_without_an_answer_may_have_been_acted_upon),
        cmocka_unit_test(a_cancelled_request_is_cancelled_there_too),
        cmocka_unit_test(a_large_body_goes_in_pieces_as_there_is_credit_and_holds_up_nobody),
        cmocka_unit_test(a_large_answer_is_put_together_and_given_credit),
        cmocka_unit_test(an_answer_that_makes_no_sense_fails_the_request_only),
        cmocka_unit_test(what_photond_says_becomes_a_status),
        cmocka_unit_test(the_1025th_request_in_flight_is_told_to_wait),
        cmocka_unit_test(cause_and_trace_are_those_of_what_is_being_handled),
        cmocka_unit_test(arguments_that_break_a_rule_are_named),
        cmocka_unit_test(who_is_there_and_what_they_offer_are_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
