/*
 * The plain calls: Request, Stream, Discover, Introspect; and responders inside the process.
 */
#include "bus/inside.h"
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

static struct caller_stream *ask(const char *url, struct span body)
{
    struct bus_call call = {.url = text_span(url), .body = body, .traceparent = text_span("t")};
    return meet_begin(&meet, "Request", bus_request_encode(&call));
}

static void ended(struct caller_stream *stream, enum reason reason, struct error *error)
{
    struct error own;
    error = error ? error : &own;
    struct bytes *message = caller_stream_read(stream);
    assert_null(message);
    if (caller_stream_end(stream, error) != reason)
        fail_msg("%s: %s", reason_name(error->reason), error->message);
    caller_stream_free(stream);
}

/* ---- Request ---- */

static void a_plain_request_is_answered_by_a_session(void **state)
{
    (void)state;
    struct party server;
    struct frame frame;
    struct bus_answer answer;
    party_serve(&server, &meet, "orders", "orders-1", "/place");
    struct caller_stream *stream = ask("rpc://orders/place", text_span("7"));
    party_hear(&server, FRAME_CALL, 2, &frame);
    assert_span(frame.call.body, "7");
    assert_span(frame.call.traceparent, "t");
    assert_true(frame.call.timeout_ms > 0);
    party_answer(&server, 2, 201, "made");
    struct bytes *message = caller_stream_read(stream);
    assert_int_equal(bus_response_decode(bytes_span(message), &answer), REASON_NONE);
    assert_int_equal(answer.status, 201);
    assert_span(answer.body, "made");
    assert_span(answer.instance_id, "orders-1");
    bytes_unref(message);
    ended(stream, REASON_NONE, NULL);
    party_close(&server);
}

static void a_plain_request_that_cannot_be_routed_fails_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum reason reason;
    } cases[] = {{"rpc://nobody/p", REASON_NO_SUCH_SERVICE},
                 {"stream://nobody/p", REASON_INVALID_ARGUMENT},
                 {"rpc://nobody", REASON_INVALID_ARGUMENT},
                 {"", REASON_INVALID_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ended(ask(cases[i].url, text_span("")), cases[i].reason, NULL);
    struct bytes *body = bytes_new(MEET_BODY_BYTES + 1);
    memset(body->data, 0, body->len);
    ended(ask("rpc://nobody/p", bytes_span(body)), REASON_TOO_LARGE, NULL);
    bytes_unref(body);
}

/* semantics 16 */
static void a_large_plain_request_goes_in_pieces_as_credit_is_given(void **state)
{
    (void)state;
    struct party server;
    struct frame frame;
    size_t got;
    party_serve(&server, &meet, "copy", "1", "/copy");
    struct caller_stream *stream = ask("rpc://copy/copy", (struct span){large, sizeof large});
    party_hear(&server, FRAME_CALL, 2, &frame);
    assert_int_equal(frame.call.body_bytes, sizeof large);
    assert_int_equal(frame.call.body.len, BUS_FRAME_BYTES);
    for (got = frame.call.body.len; got < sizeof large; got += frame.chunk.len) {
        party_say(&server,
                  &(struct frame){.exchange = 2, .kind = FRAME_CREDIT, .credit = {.bytes = 1}});
        party_hear(&server, FRAME_CHUNK, 2, &frame);
        assert_memory_equal(frame.chunk.data, large + got, frame.chunk.len);
        if (got + frame.chunk.len < sizeof large) /* what was overdrawn */
            party_say(&server, &(struct frame){.exchange = 2,
                                               .kind = FRAME_CREDIT,
                                               .credit = {.bytes = frame.chunk.len - 1}});
    }
    party_answer(&server, 2, 200, "");
    bytes_unref(caller_stream_read(stream));
    ended(stream, REASON_NONE, NULL);
    party_close(&server);
}

static void a_large_answer_is_put_together(void **state)
{
    (void)state;
    enum { PIECE = 64000 };
    struct party server;
    struct frame frame;
    struct bus_answer answer;
    int64_t credit;
    party_serve(&server, &meet, "copy", "1", "/copy");
    struct caller_stream *stream = ask("rpc://copy/copy", text_span(""));
    party_hear(&server, FRAME_CALL, 2, &frame);
    credit = (int64_t)frame.call.credit_bytes;
    party_say(&server,
              &(struct frame){
                  .exchange = 2,
                  .kind = FRAME_ANSWER,
                  .answer = {.status = 200, .body = {large, PIECE}, .body_bytes = sizeof large}});
    for (size_t at = PIECE; at < sizeof large;) {
        size_t len = sizeof large - at < PIECE ? sizeof large - at : PIECE;
        while (credit <= 0) {
            party_hear(&server, FRAME_CREDIT, 2, &frame);
            credit += (int64_t)frame.credit.bytes;
        }
        party_say(&server,
                  &(struct frame){.exchange = 2, .kind = FRAME_CHUNK, .chunk = {large + at, len}});
        at += len;
        credit -= (int64_t)len;
    }
    struct bytes *message = caller_stream_read(stream);
    assert_int_equal(bus_response_decode(bytes_span(message), &answer), REASON_NONE);
    assert_int_equal(answer.body.len, sizeof large);
    assert_memory_equal(answer.body.data, large, sizeof large);
    bytes_unref(message);
    ended(stream, REASON_NONE, NULL);
    party_close(&server);
}

static void a_plain_caller_that_leaves_is_told_to_the_responder(void **state)
{
    (void)state;
    struct party server;
    struct frame frame;
    struct error error;
    party_serve(&server, &meet, "orders", "1", "/place");
    struct caller_stream *stream = ask("rpc://orders/place", text_span(""));
    party_hear(&server, FRAME_CALL, 2, &frame);
    caller_stream_cancel(stream);
    party_hear(&server, FRAME_CANCEL, 2, &frame);
    caller_stream_end(stream, &error);
    caller_stream_free(stream);
    stream = ask("rpc://orders/place", text_span(""));
    party_hear(&server, FRAME_CALL, 4, &frame);
    party_vanish(&server);
    ended(stream, REASON_RESPONDER_LOST, &error);
    assert_true(error.maybe_applied);
}

/* ---- Stream ---- */

static struct caller_stream *subscribe(const char *url)
{
    struct bus_call call = {.url = text_span(url), .body = text_span("{}")};
    return meet_begin(&meet, "Stream", bus_stream_encode(&call));
}

/* The next item of a plain stream, kept until the next. */
struct reader {
    struct caller_stream *stream;
    struct bytes *message;
    struct span rest;
};

static bool next_item(struct reader *reader, struct bus_item *item)
{
    int got;
    while ((got = bus_item_next(&reader->rest, item)) == 0) {
        bytes_unref(reader->message);
        reader->message = caller_stream_read(reader->stream);
        if (!reader->message)
            return false;
        reader->rest = bytes_span(reader->message);
    }
    assert_int_equal(got, 1);
    return true;
}

static void a_plain_stream_ends_with_its_publisher(void **state)
{
    (void)state;
    struct party server;
    struct frame frame;
    struct bus_item item;
    struct error error;
    party_serve(&server, &meet, "ticker", "1", "stream:/ticks");
    struct reader reader = {.stream = subscribe("stream://ticker/ticks?from=1")};
    party_hear(&server, FRAME_CALL, 2, &frame);
    assert_span(frame.call.url, "stream://ticker/ticks?from=1");
    assert_span(frame.call.body, "{}");
    party_gather(&server, &(struct frame){.exchange = 2,
                                          .kind = FRAME_ITEM,
                                          .item = {.content_type = text_span("text/plain"),
                                                   .body = text_span("one")}});
    party_gather(&server, &(struct frame){.exchange = 2, .kind = FRAME_ITEM});
    party_gather(&server, &(struct frame){.exchange = 2, .kind = FRAME_END});
    party_flush(&server);
    assert_true(next_item(&reader, &item));
    assert_span(item.body, "one");
    assert_span(item.content_type, "text/plain");
    assert_true(next_item(&reader, &item));
    assert_span(item.body, "");
    assert_false(next_item(&reader, &item));
    assert_int_equal(caller_stream_end(reader.stream, &error), REASON_NONE);
    caller_stream_free(reader.stream);
    ended(subscribe("stream://ticker/other"), REASON_NO_SUCH_PATH, NULL);
    ended(subscribe("rpc://ticker/ticks"), REASON_INVALID_ARGUMENT, NULL);
    party_close(&server);
}

/* semantics 16 */
static void a_subscriber_that_does_not_read_stops_the_publisher(void **state)
{
    (void)state;
    enum { ITEM = 60000 };
    struct party server;
    struct frame frame;
    struct bus_item item;
    struct error error;
    int64_t items, bytes;
    size_t published = 0, read = 0;
    party_serve(&server, &meet, "ticker", "1", "stream:/ticks");
    struct reader reader = {.stream = subscribe("stream://ticker/ticks")};
    party_hear(&server, FRAME_CALL, 2, &frame);
    items = frame.call.credit_items;
    bytes = (int64_t)frame.call.credit_bytes;
    while (published < 200) { /* in all far beyond what the network holds */
        while (items > 0 && bytes > 0 && published < 200) {
            party_say(&server, &(struct frame){.exchange = 2,
                                               .kind = FRAME_ITEM,
                                               .item = {.body = {large, ITEM}}});
            items--;
            bytes -= ITEM;
            published++;
        }
        /* Either credit has come, or comes once something is read. */
        assert_true(next_item(&reader, &item));
        assert_int_equal(item.body.len, ITEM);
        read++;
        assert_true(published - read < 100); /* what photond and the network hold is bounded */
        if (items > 0 && bytes > 0)
            continue;
        party_hear(&server, FRAME_CREDIT, 2, &frame);
        items += frame.credit.items;
        bytes += (int64_t)frame.credit.bytes;
    }
    party_say(&server, &(struct frame){.exchange = 2, .kind = FRAME_END});
    for (; next_item(&reader, &item); read++) {
    }
    assert_int_equal(read, published);
    assert_int_equal(caller_stream_end(reader.stream, &error), REASON_NONE);
    caller_stream_free(reader.stream);
    party_close(&server);
}

static void a_large_item_is_put_together(void **state)
{
    (void)state;
    enum { PIECE = 60000, PIECES = 15 };
    struct party server;
    struct frame frame;
    struct bus_item item;
    struct error error;
    party_serve(&server, &meet, "ticker", "1", "stream:/ticks");
    struct reader reader = {.stream = subscribe("stream://ticker/ticks")};
    party_hear(&server, FRAME_CALL, 2, &frame);
    int64_t bytes = (int64_t)frame.call.credit_bytes;
    party_say(
        &server,
        &(struct frame){.exchange = 2, .kind = FRAME_ITEM, .item = {.body_bytes = PIECES * PIECE}});
    for (size_t i = 0; i < PIECES; i++, bytes -= PIECE) {
        while (bytes <= 0) {
            party_hear(&server, FRAME_CREDIT, 2, &frame);
            bytes += (int64_t)frame.credit.bytes;
        }
        party_say(&server, &(struct frame){.exchange = 2,
                                           .kind = FRAME_CHUNK,
                                           .chunk = {large + i * PIECE, PIECE}});
    }
    assert_true(next_item(&reader, &item));
    assert_int_equal(item.body_bytes, 0);
    assert_int_equal(item.body.len, PIECES * PIECE);
    assert_memory_equal(item.body.data, large, PIECES * PIECE);
    party_vanish(&server);
    assert_false(next_item(&reader, &item));
    assert_int_equal(caller_stream_end(reader.stream, &error), REASON_RESPONDER_LOST);
    caller_stream_free(reader.stream);
}

/* ---- who is there ---- */

static struct service_entry service_named(struct span message, const char *name)
{
    struct service_entry entry;
    while (service_entry_next(&message, &entry) == 1)
        if (text_equal(entry.name, text_span(name)))
            return entry;
    return (struct service_entry){.name = {NULL, 0}};
}

static struct bytes *discover_once(const char *filter)
{
    struct discover_request request = {.filter = text_span(filter)};
    struct caller_stream *stream = meet_begin(&meet, "Discover", discover_request_encode(&request));
    struct bytes *message = caller_stream_read(stream);
    assert_non_null(message);
    ended(stream, REASON_NONE, NULL);
    return message;
}

static void who_is_there_can_be_asked_by_name_and_by_tag(void **state)
{
    (void)state;
    struct party server;
    struct instance_info instance;
    struct bus_endpoint endpoint;
    party_serve(&server, &meet, "orders", "orders-1", "/place");
    static const char *const good[] = {"", "orders", "tag:test"}, *const bad[] = {"ord", "tag:x"};
    for (size_t i = 0; i < 3; i++) {
        struct bytes *message = discover_once(good[i]);
        struct service_entry entry = service_named(bytes_span(message), "orders");
        assert_span(entry.name, "orders");
        assert_int_equal(service_instance_next(&entry.raw, &instance), 1);
        assert_span(instance.instance_id, "orders-1");
        assert_true(instance.since > 0);
        assert_int_equal(instance_endpoint_next(&instance.raw, &endpoint), 1);
        assert_span(endpoint.path, "/place");
        assert_span(endpoint.doc, "a test's");
        bytes_unref(message);
    }
    for (size_t i = 0; i < 2; i++) {
        struct bytes *message = discover_once(bad[i]);
        assert_int_equal(message->len, 0);
        bytes_unref(message);
    }
    party_close(&server);
}

static void a_watch_is_told_every_change(void **state)
{
    (void)state;
    struct party server;
    struct error error;
    struct discover_request request = {.filter = text_span("watched"), .watch = true};
    struct caller_stream *watch = meet_begin(&meet, "Discover", discover_request_encode(&request));
    struct bytes *message = caller_stream_read(watch);
    assert_int_equal(message->len, 0);
    bytes_unref(message);
    party_serve(&server, &meet, "watched", "1", "/p");
    for (bool served = false; !served;) {
        message = caller_stream_read(watch);
        struct instance_info instance;
        struct bus_endpoint endpoint;
        struct service_entry entry = service_named(bytes_span(message), "watched");
        assert_int_equal(service_instance_next(&entry.raw, &instance), 1);
        served = instance_endpoint_next(&instance.raw, &endpoint) == 1;
        bytes_unref(message);
    }
    party_vanish(&server);
    message = caller_stream_read(watch);
    assert_int_equal(message->len, 0);
    bytes_unref(message);
    caller_stream_cancel(watch);
    caller_stream_end(watch, &error);
    caller_stream_free(watch);
}

static void a_service_tells_what_it_offers(void **state)
{
    (void)state;
    struct party one, two;
    struct bytes *message;
    struct error error;
    struct span name, rest;
    struct bus_endpoint endpoint;
    party_serve(&one, &meet, "orders", "1", "/b/**");
    party_serve(&two, &meet, "orders", "2", "/b/**");
    party_say(&two, &(struct frame){.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/a")}});
    struct frame frame;
    party_hear(&two, FRAME_ENDPOINT_DONE, 0, &frame);
    assert_int_equal(caller_ask(meet.caller, "/muon.v1.BusService/Introspect",
                                introspect_request_encode(text_span("orders")), &message, &error),
                     REASON_NONE);
    assert_int_equal(introspect_response_decode(bytes_span(message), &name), REASON_NONE);
    assert_span(name, "orders");
    rest = bytes_span(message);
    assert_int_equal(introspect_endpoint_next(&rest, &endpoint), 1);
    assert_span(endpoint.path, "/a");
    assert_int_equal(introspect_endpoint_next(&rest, &endpoint), 1);
    assert_span(endpoint.path, "/b/**");
    assert_int_equal(introspect_endpoint_next(&rest, &endpoint), 0);
    bytes_unref(message);
    assert_int_equal(caller_ask(meet.caller, "/muon.v1.BusService/Introspect",
                                introspect_request_encode(text_span("nobody")), &message, &error),
                     REASON_NO_SUCH_SERVICE);
    party_close(&one);
    party_close(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_is_answered_by_a_session),
        cmocka_unit_test(a_plain_request_that_cannot_be_routed_fails_at_once),
        cmocka_unit_test(a_large_plain_request_goes_in_pieces_as_credit_is_given),
        cmocka_unit_test(a_large_answer_is_put_together),
        cmocka_unit_test(a_plain_caller_that_leaves_is_told_to_the_responder),
        cmocka_unit_test(a_plain_stream_ends_with_its_publisher),
        cmocka_unit_test(a_subscriber_that_does_not_read_stops_the_publisher),
        cmocka_unit_test(a_large_item_is_put_together),
        cmocka_unit_test(who_is_there_can_be_asked_by_name_and_by_tag),
        cmocka_unit_test(a_watch_is_told_every_change),
        cmocka_unit_test(a_service_tells_what_it_offers),
    };
    return cmocka_run_group_tests(tests, open_meet, close_meet);
}
