/*
 * The frames of a session, and the plain calls of BusService.
 */
#include "wire/codec-bus.h"

#include "wire/codec-discover.h"

#include "tests/wire/raw.h"

/* A frame as it travels: its head, and its body behind it. */
static struct span wired(const struct frame *frame, struct span body, struct raw *raw)
{
    struct bytes *head = frame_head(frame);
    assert_non_null(head);
    raw->len = 0;
    memcpy(raw->data, head->data, head->len);
    if (body.len)
        memcpy(raw->data + head->len, body.data, body.len);
    raw->len = head->len + body.len;
    bytes_unref(head);
    return raw_span(raw);
}

static void travel(const struct frame *in, struct span body, struct raw *raw, struct frame *out)
{
    struct span rest = wired(in, body, raw);
    struct error error = {0};
    if (frame_next(&rest, out, &error) != 1)
        fail_msg("%s", error.message);
    assert_int_equal(rest.len, 0);
    assert_true(out->exchange == in->exchange);
    assert_int_equal(out->kind, in->kind);
}

static void hello_and_welcome_survive_a_round_trip(void **state)
{
    (void)state;
    struct raw raw;
    struct span none = {NULL, 0};
    struct frame out, hello = {.kind = FRAME_HELLO,
                               .hello = {.service = text_span("orders"),
                                         .instance_id = text_span("orders-1"),
                                         .epoch = UINT64_MAX,
                                         .tag = {text_span("a"), text_span("b")},
                                         .tags = 2,
                                         .max_in_flight = 17}};
    travel(&hello, none, &raw, &out);
    assert_span(out.hello.service, "orders");
    assert_span(out.hello.instance_id, "orders-1");
    assert_true(out.hello.epoch == UINT64_MAX);
    assert_int_equal(out.hello.tags, 2);
    assert_span(out.hello.tag[1], "b");
    assert_int_equal(out.hello.max_in_flight, 17);
    struct frame welcome = {.kind = FRAME_WELCOME,
                            .welcome = {text_span("store"), 5000, 1024, 65536, 1ull << 32}};
    travel(&welcome, none, &raw, &out);
    assert_span(out.welcome.store_id, "store");
    assert_int_equal(out.welcome.beat_ms, 5000);
    assert_int_equal(out.welcome.max_calls, 1024);
    assert_int_equal(out.welcome.frame_bytes, 65536);
    assert_true(out.welcome.body_bytes == 1ull << 32);
}

static void a_call_and_its_answer_survive_a_round_trip(void **state)
{
    (void)state;
    struct raw raw;
    struct frame out, call = {.exchange = 1,
                              .kind = FRAME_CALL,
                              .call = {.url = text_span("rpc://orders/place"),
                                       .content_type = text_span("text/plain"),
                                       .body = text_span("body"),
                                       .body_bytes = 9,
                                       .timeout_ms = 1000,
                                       .traceparent = text_span("00-1-2-00"),
                                       .caused_by = text_span("17"),
                                       .caller = text_span("client"),
                                       .credit_items = 3,
                                       .credit_bytes = 4}};
    travel(&call, call.call.body, &raw, &out);
    assert_span(out.call.url, "rpc://orders/place");
    assert_span(out.call.content_type, "text/plain");
    assert_span(out.call.body, "body");
    assert_int_equal(out.call.body_bytes, 9);
    assert_int_equal(out.call.timeout_ms, 1000);
    assert_span(out.call.traceparent, "00-1-2-00");
    assert_span(out.call.caused_by, "17");
    assert_span(out.call.caller, "client");
    assert_int_equal(out.call.credit_items, 3);
    assert_int_equal(out.call.credit_bytes, 4);
    struct frame answer = {
        .exchange = UINT64_MAX,
        .kind = FRAME_ANSWER,
        .answer = {200, text_span("text/plain"), text_span("x"), text_span("i"), 1}};
    travel(&answer, answer.answer.body, &raw, &out);
    assert_int_equal(out.answer.status, 200);
    assert_span(out.answer.content_type, "text/plain");
    assert_span(out.answer.body, "x");
    assert_span(out.answer.instance_id, "i");
    assert_int_equal(out.answer.body_bytes, 1);
}

static void the_other_frames_survive_a_round_trip(void **state)
{
    (void)state;
    struct raw raw;
    struct span none = {NULL, 0};
    struct frame out;
    travel(&(struct frame){.kind = FRAME_ENDPOINT,
                           .endpoint = {text_span("/a/**"), text_span("doc"), true, false}},
           none, &raw, &out);
    assert_span(out.endpoint.path, "/a/**");
    assert_span(out.endpoint.doc, "doc");
    assert_true(out.endpoint.stream && !out.endpoint.removed);
    travel(&(struct frame){.kind = FRAME_ENDPOINT_DONE,
                           .endpoint = {.path = text_span("/a"), .removed = true}},
           none, &raw, &out);
    assert_true(!out.endpoint.stream && out.endpoint.removed);
    travel(&(struct frame){.exchange = 2,
                           .kind = FRAME_ITEM,
                           .item = {text_span("t"), text_span("item"), 4}},
           text_span("item"), &raw, &out);
    assert_span(out.item.body, "item");
    assert_span(out.item.content_type, "t");
    travel(&(struct frame){.exchange = 2, .kind = FRAME_ERROR, .error = text_span("\x08\x0e")},
           none, &raw, &out);
    assert_span(out.error, "\x08\x0e");
    travel(&(struct frame){.exchange = 2, .kind = FRAME_CREDIT, .credit = {7, 1ull << 40}}, none,
           &raw, &out);
    assert_int_equal(out.credit.items, 7);
    assert_true(out.credit.bytes == 1ull << 40);
    travel(&(struct frame){.exchange = 2, .kind = FRAME_CHUNK, .chunk = text_span("piece")},
           text_span("piece"), &raw, &out);
    assert_span(out.chunk, "piece");
    travel(&(struct frame){.kind = FRAME_DRAIN, .drain_ms = 9}, none, &raw, &out);
    assert_int_equal(out.drain_ms, 9);
    enum frame_kind empty[] = {FRAME_END, FRAME_CANCEL, FRAME_BEAT};
    for (size_t i = 0; i < 3; i++)
        travel(&(struct frame){.exchange = i, .kind = empty[i]}, none, &raw, &out);
}

/* Hand-made: a Frame with these fields of its body. */
static struct span made(struct raw *message, enum frame_kind kind, const struct raw *body)
{
    struct raw frame = {.len = 0};
    message->len = 0;
    raw_uint(&frame, 1, 1);
    raw_bytes(&frame, kind, raw_span(body));
    raw_bytes(message, 1, raw_span(&frame));
    return raw_span(message);
}

static void refused(enum frame_kind kind, const struct raw *body, const char *field)
{
    struct raw message;
    struct span rest = made(&message, kind, body);
    struct frame frame;
    struct error error = {0};
    assert_int_equal(frame_next(&rest, &frame, &error), -1);
    assert_int_equal(error.reason, REASON_INVALID_ARGUMENT);
    assert_string_equal(error.field, field);
    rest = made(&message, kind, body);
    assert_int_equal(frame_next(&rest, &frame, NULL), -1);
}

static void a_hello_that_breaks_a_rule_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *service, *instance, *tag;
        uint64_t in_flight;
        const char *field;
    } cases[] = {
        {"a/b", "i", "t", 0, "service"},        {"__a", "i", "t", 0, "service"},
        {"a\n", "i", "t", 0, "service"},        {"a", "", "t", 0, "instance-id"},
        {"a", "\xff", "t", 0, "instance-id"},   {"a", "i", "", 0, "tag"},
        {"a", "i", "t", 4097, "max-in-flight"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw body = {.len = 0};
        raw_text(&body, 1, cases[i].service);
        raw_text(&body, 2, cases[i].instance);
        raw_text(&body, 4, cases[i].tag);
        raw_uint(&body, 5, cases[i].in_flight);
        refused(FRAME_HELLO, &body, cases[i].field);
    }
    struct raw body = {.len = 0};
    raw_text(&body, 1, "a");
    refused(FRAME_HELLO, &body, "instance-id");
    raw_text(&body, 2, "i");
    for (int i = 0; i <= BUS_TAGS_MAX; i++)
        raw_text(&body, 4, "t");
    refused(FRAME_HELLO, &body, "tag");
}

static void paths_that_break_a_rule_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a", "a/**", "/a**", "/**/b", "/a/***", "/\x01", "**"};
    static const char *const good[] = {"/", "/**", "/a", "/a/b/**", "/größer", "/a/*"};
    char longest[258];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct raw body = {.len = 0};
        raw_text(&body, 1, bad[i]);
        refused(FRAME_ENDPOINT, &body, "path");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(bus_endpoint_fault(text_span(good[i])));
    memset(longest, '/', sizeof longest);
    assert_null(bus_endpoint_fault((struct span){(uint8_t *)longest, 255}));
    assert_non_null(bus_endpoint_fault((struct span){(uint8_t *)longest, 256}));
    assert_non_null(bus_path_fault(text_span("/a/**")));
    struct raw none = {.len = 0};
    refused(FRAME_ENDPOINT, &none, "path");
}

static void bodies_that_do_not_fit_a_frame_are_refused(void **state)
{
    (void)state;
    static uint8_t large[BUS_FRAME_BYTES + 1];
    struct raw raw;
    struct bytes *head;
    struct frame out, item = {.exchange = 1, .kind = FRAME_ITEM};
    static uint8_t message[BUS_FRAME_BYTES + 64];
    for (size_t over = 0; over < 2; over++) {
        item.item.body = (struct span){large, BUS_FRAME_BYTES + over};
        head = frame_head(&item);
        memcpy(message, head->data, head->len);
        struct span rest = {message, head->len + item.item.body.len};
        assert_int_equal(frame_next(&rest, &out, NULL), over ? -1 : 1);
        bytes_unref(head);
    }
    struct raw body = {.len = 0};
    refused(FRAME_CHUNK, &body, "data");
    raw_text(&body, 3, "more than that");
    raw_uint(&body, 4, 3);
    refused(FRAME_CALL, &body, "body-bytes");
    refused(FRAME_ANSWER, &body, "body-bytes");
    raw.len = 0;
    raw_text(&raw, 2, "more than that");
    raw_uint(&raw, 3, 3);
    refused(FRAME_ITEM, &raw, "body-bytes");
}

static void garbage_is_not_made_of_frames(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
    } bad[] = {
        {"\x08\x01", 2},                             /* a number instead of a frame */
        {"\x0a\x05x", 3},                            /* shorter than it says */
        {"\x0a\x02\x0a\x00", 4},                     /* the exchange as bytes */
        {"\x0a\x02\x78\x01", 4},                     /* a beat as a number */
        {"\x0a\x03\x12\x01\xff", 5},                 /* a hello of garbage */
        {"\x0a\x04\x32\x02\x08\x01", 6},             /* a call whose url is a number */
        {"\x0a\x04\x62\x02\x0a\x00", 6},             /* a credit whose items are bytes */
        {"\x0a\x06\x32\x04\x0a\x02\xc3\x28", 8},     /* a url that is not UTF-8 */
        {"\x0a\x06\x32\x04\x32\x02\x61\x0a", 8},     /* a trace with a new line */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9}, /* no field at all */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct span rest = {(const uint8_t *)bad[i].data, bad[i].len};
        struct frame frame;
        struct error error = {0};
        assert_int_equal(frame_next(&rest, &frame, &error), -1);
        assert_true(error.message[0] && error.field[0]);
    }
}

static void frames_that_are_younger_than_this_code_are_passed_over(void **state)
{
    (void)state;
    struct raw message = {.len = 0}, frame = {.len = 0};
    struct frame out;
    raw_uint(&frame, 1, 1);
    raw_text(&frame, 99, "from the future");
    raw_bytes(&message, 1, raw_span(&frame));
    raw_text(&message, 2, "likewise");
    frame.len = 0;
    raw_text(&frame, FRAME_BEAT, "\x08\x01"); /* a field that no Beat has yet */
    raw_uint(&frame, 1, 5);                   /* its number after its body */
    raw_bytes(&message, 1, raw_span(&frame));
    struct span rest = raw_span(&message);
    assert_int_equal(frame_next(&rest, &out, NULL), 1);
    assert_int_equal(out.kind, FRAME_BEAT);
    assert_int_equal(out.exchange, 5);
    assert_int_equal(frame_next(&rest, &out, NULL), 0);
}

static void addresses_are_split(void **state)
{
    (void)state;
    struct bus_url url;
    assert_null(bus_url_split(text_span("rpc://orders/place/now"), &url));
    assert_false(url.stream);
    assert_span(url.service, "orders");
    assert_span(url.path, "/place/now");
    assert_span(url.args, "");
    assert_null(bus_url_split(text_span("request://a/"), &url));
    assert_null(bus_url_split(text_span("stream://photon/stream?from=7&limit=1"), &url));
    assert_true(url.stream);
    assert_span(url.path, "/stream");
    assert_span(url.args, "from=7&limit=1");
    static const char *const bad[] = {"",         "orders",     "http://a/b", "rpc://",
                                      "rpc:///p", "rpc://name", "rpc://a/**", "stream:/a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(bus_url_split(text_span(bad[i]), &url));
}

static void plain_calls_survive_a_round_trip(void **state)
{
    (void)state;
    struct bus_call out, call = {.url = text_span("rpc://orders/place"),
                                 .body = text_span("{}"),
                                 .traceparent = text_span("t"),
                                 .caused_by = text_span("7")};
    struct bytes *raw = bus_request_encode(&call);
    assert_int_equal(bus_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.url, "rpc://orders/place");
    assert_span(out.body, "{}");
    assert_span(out.traceparent, "t");
    assert_span(out.caused_by, "7");
    struct error error;
    assert_int_equal(bus_stream_decode(bytes_span(raw), &out, &error), REASON_INVALID_ARGUMENT);
    assert_string_equal(error.field, "url");
    bytes_unref(raw);
    call.url = text_span("stream://orders/all");
    raw = bus_stream_encode(&call);
    assert_int_equal(bus_stream_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.body, "{}");
    assert_int_equal(bus_request_decode(bytes_span(raw), &out, NULL), REASON_INVALID_ARGUMENT);
    bytes_unref(raw);
}

static void answers_and_items_survive_a_round_trip(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    struct bus_answer out, answer = {.status = 404,
                                     .content_type = text_span("t"),
                                     .body = text_span("body"),
                                     .instance_id = text_span("i")};
    struct bytes *head = bus_response_encode(&answer);
    memcpy(raw.data, head->data, head->len);
    memcpy(raw.data + head->len, "body", 4);
    raw.len = head->len + 4;
    bytes_unref(head);
    assert_int_equal(bus_response_decode(raw_span(&raw), &out), REASON_NONE);
    assert_int_equal(out.status, 404);
    assert_span(out.content_type, "t");
    assert_span(out.body, "body");
    assert_span(out.instance_id, "i");
    struct bus_item item, in = {.content_type = text_span("t"), .body = text_span("one")};
    raw.len = 0;
    for (int i = 0; i < 2; i++) {
        head = bus_item_head(&in);
        memcpy(raw.data + raw.len, head->data, head->len);
        memcpy(raw.data + raw.len + head->len, "one", 3);
        raw.len += head->len + 3;
        bytes_unref(head);
    }
    struct span rest = raw_span(&raw);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bus_item_next(&rest, &item), 1);
        assert_span(item.body, "one");
        assert_span(item.content_type, "t");
    }
    assert_int_equal(bus_item_next(&rest, &item), 0);
    rest = text_span("\x0a\x05x");
    assert_int_equal(bus_item_next(&rest, &item), -1);
}

static void questions_about_services_survive_a_round_trip(void **state)
{
    (void)state;
    struct discover_request out, in = {text_span("tag:eventstore"), true};
    struct span service;
    struct bytes *raw = discover_request_encode(&in);
    assert_int_equal(discover_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.filter, "tag:eventstore");
    assert_true(out.watch);
    bytes_unref(raw);
    raw = introspect_request_encode(text_span("orders"));
    assert_int_equal(introspect_request_decode(bytes_span(raw), &service, NULL), REASON_NONE);
    assert_span(service, "orders");
    bytes_unref(raw);
    assert_int_equal(introspect_request_decode(text_span(""), &service, NULL),
                     REASON_INVALID_ARGUMENT);
}

static void who_is_there_survives_a_round_trip(void **state)
{
    (void)state;
    struct discover_writer w = {0};
    for (int i = 0; i < 2; i++) {
        size_t service = discover_service_begin(&w, text_span(i ? "b" : "a"));
        size_t instance =
            discover_instance_begin(&w, &(struct instance_info){.instance_id = text_span("one"),
                                                                .identity = text_span("client"),
                                                                .since = 1700000000000,
                                                                .in_flight = 3,
                                                                .draining = true});
        discover_instance_tag(&w, text_span("tag"));
        for (int j = 0; j < 100; j++)
            discover_instance_endpoint(
                &w, &(struct bus_endpoint){text_span("/p/**"), text_span("doc"), true, false});
        discover_instance_done(&w, instance);
        discover_service_tag(&w, text_span("tag"));
        discover_service_instance_id(&w, text_span("one"));
        discover_service_done(&w, service);
    }
    struct bytes *raw = discover_message(&w);
    struct span rest = bytes_span(raw), within, tag;
    struct service_entry service;
    struct instance_info instance;
    struct bus_endpoint endpoint;
    assert_int_equal(service_entry_next(&rest, &service), 1);
    assert_span(service.name, "a");
    assert_int_equal(service_entry_next(&rest, &service), 1);
    assert_span(service.name, "b");
    assert_int_equal(service_entry_next(&rest, &service), 0);
    within = service.raw;
    assert_int_equal(service_tag_next(&within, &tag), 1);
    assert_span(tag, "tag");
    within = service.raw;
    assert_int_equal(service_instance_next(&within, &instance), 1);
    assert_span(instance.instance_id, "one");
    assert_span(instance.identity, "client");
    assert_true(instance.since == 1700000000000 && instance.in_flight == 3 && instance.draining);
    within = instance.raw;
    assert_int_equal(instance_tag_next(&within, &tag), 1);
    within = instance.raw;
    for (int j = 0; j < 100; j++)
        assert_int_equal(instance_endpoint_next(&within, &endpoint), 1);
    assert_span(endpoint.path, "/p/**");
    assert_span(endpoint.doc, "doc");
    assert_true(endpoint.stream);
    assert_int_equal(instance_endpoint_next(&within, &endpoint), 0);
    bytes_unref(raw);
}

static void what_a_service_offers_survives_a_round_trip(void **state)
{
    (void)state;
    struct discover_writer w = {0};
    struct bus_endpoint endpoint = {.path = text_span("/p")};
    struct span name;
    introspect_name(&w, text_span("orders"));
    introspect_endpoint(&w, &endpoint);
    struct bytes *raw = discover_message(&w);
    assert_int_equal(introspect_response_decode(bytes_span(raw), &name), REASON_NONE);
    assert_span(name, "orders");
    struct span rest = bytes_span(raw);
    assert_int_equal(introspect_endpoint_next(&rest, &endpoint), 1);
    assert_span(endpoint.path, "/p");
    assert_int_equal(introspect_endpoint_next(&rest, &endpoint), 0);
    bytes_unref(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_welcome_survive_a_round_trip),
        cmocka_unit_test(a_call_and_its_answer_survive_a_round_trip),
        cmocka_unit_test(the_other_frames_survive_a_round_trip),
        cmocka_unit_test(a_hello_that_breaks_a_rule_is_refused),
        cmocka_unit_test(paths_that_break_a_rule_are_refused),
        cmocka_unit_test(bodies_that_do_not_fit_a_frame_are_refused),
        cmocka_unit_test(garbage_is_not_made_of_frames),
        cmocka_unit_test(frames_that_are_younger_than_this_code_are_passed_over),
        cmocka_unit_test(addresses_are_split),
        cmocka_unit_test(plain_calls_survive_a_round_trip),
        cmocka_unit_test(answers_and_items_survive_a_round_trip),
        cmocka_unit_test(questions_about_services_survive_a_round_trip),
        cmocka_unit_test(who_is_there_survives_a_round_trip),
        cmocka_unit_test(what_a_service_offers_survives_a_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
