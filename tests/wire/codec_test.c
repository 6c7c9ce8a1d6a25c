/*
 * The other messages of PhotonService.
 */
#include "wire/codec.h"

#include "tests/wire/raw.h"

/* ---- subscribe and read ---- */

static void subscribe_refused(const struct raw *raw, const char *field)
{
    struct subscribe_request request;
    struct error error = {0};
    assert_int_equal(subscribe_request_decode(raw_span(raw), &request, &error),
                     REASON_INVALID_ARGUMENT);
    assert_string_equal(error.field, field);
}

static void a_subscription_survives_a_round_trip(void **state)
{
    (void)state;
    struct subscribe_request in = {
        .stream_name = text_span("orders/**"),
        .type = STREAM_COLD,
        .from_kind = FROM_TIME,
        .from = 1700000000000,
        .limit = 10,
        .event_type = {text_span("a"), text_span("b")},
        .event_types = 2,
        .store_id = text_span("store"),
        .incarnation = 3,
    };
    struct subscribe_request out;
    struct bytes *raw = subscribe_request_encode(&in);
    assert_int_equal(subscribe_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.stream_name, "orders/**");
    assert_int_equal(out.type, STREAM_COLD);
    assert_int_equal(out.from_kind, FROM_TIME);
    assert_true(out.from == in.from);
    assert_int_equal(out.limit, 10);
    assert_int_equal(out.event_types, 2);
    assert_span(out.event_type[1], "b");
    assert_span(out.store_id, "store");
    assert_int_equal(out.incarnation, 3);
    bytes_unref(raw);
}

static void the_default_is_hot_cold_from_the_beginning(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, "__all__");
    struct subscribe_request out;
    assert_int_equal(subscribe_request_decode(raw_span(&raw), &out, NULL), REASON_NONE);
    assert_int_equal(out.type, STREAM_HOT_COLD);
    assert_int_equal(out.from_kind, FROM_BEGIN);
    raw_uint(&raw, 3, 0); /* given, and 0 */
    raw_uint(&raw, 99, 1);
    assert_int_equal(subscribe_request_decode(raw_span(&raw), &out, NULL), REASON_NONE);
    assert_int_equal(out.from_kind, FROM_ORDER_ID);
}

/* semantics 6 */
static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t number, number2;
        uint64_t value, value2;
        const char *field;
    } cases[] = {
        {"", 0, 0, 0, 0, "stream-name"},
        {"a\tb", 0, 0, 0, 0, "stream-name"},
        {"__a**", 0, 0, 0, 0, "stream-name"},
        {"s", 2, 0, 4, 0, "stream-type"},
        {"s/**", 4, 0, 1, 0, "from-version"},
        {"__all__", 4, 0, 1, 0, "from-version"},
        {"s", 2, 3, 2, 1, "from"},               /* hot, from an order id */
        {"s", 6, 0, 1, 0, "limit"},              /* hot-cold with a limit */
        {"s", 2, 6, 2, 1, "limit"},              /* hot with a limit */
        {"s", 5, 0, UINT64_MAX, 0, "from-time"}, /* the time -1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw raw = {.len = 0};
        raw_text(&raw, 1, cases[i].name);
        if (cases[i].number)
            raw_uint(&raw, cases[i].number, cases[i].value);
        if (cases[i].number2)
            raw_uint(&raw, cases[i].number2, cases[i].value2);
        subscribe_refused(&raw, cases[i].field);
    }
}

static void more_than_64_event_types_are_refused(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    struct subscribe_request out;
    raw_text(&raw, 1, "s");
    for (int i = 0; i < EVENT_TYPES_MAX; i++)
        raw_text(&raw, 7, "type");
    assert_int_equal(subscribe_request_decode(raw_span(&raw), &out, NULL), REASON_NONE);
    raw_text(&raw, 7, "type");
    subscribe_refused(&raw, "event-type");
}

static void malformed_subscriptions_are_refused(void **state)
{
    (void)state;
    for (uint32_t number = 1; number <= 9; number++) {
        struct raw raw = {.len = 0};
        bool bytes = number == 1 || number == 7 || number == 8;
        raw_text(&raw, 1, "s");
        if (bytes)
            raw_uint(&raw, number, 1);
        else
            raw_text(&raw, number, "x");
        subscribe_refused(&raw, "SubscribeRequest");
    }
    struct raw raw = {.data = "\x0a\x05s", .len = 3};
    subscribe_refused(&raw, "SubscribeRequest");
}

static void a_page_survives_a_round_trip(void **state)
{
    (void)state;
    struct subscribe_request in = {
        .stream_name = text_span("orders/7"),
        .from_kind = FROM_VERSION,
        .from = 7,
        .limit = 20,
        .backwards = true,
        .event_type = {text_span("a")},
        .event_types = 1,
    };
    struct subscribe_request out;
    struct bytes *raw = read_request_encode(&in);
    assert_int_equal(read_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.stream_name, "orders/7");
    assert_int_equal(out.from_kind, FROM_VERSION);
    assert_int_equal(out.from, 7);
    assert_int_equal(out.limit, 20);
    assert_true(out.backwards);
    assert_int_equal(out.event_types, 1);
    struct error error;
    struct span cut = {raw->data, raw->len - 1};
    assert_int_equal(read_request_decode(cut, &out, &error), REASON_INVALID_ARGUMENT);
    bytes_unref(raw);
}

static void replies_are_walked_with_their_markers(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, "event");
    raw_text(&raw, 9, "of a newer server");
    raw_text(&raw, 1, "");
    raw.len += marker_caught_up(raw.data + raw.len, UINT64_MAX);
    raw.len += marker_checkpoint(raw.data + raw.len, UINT64_MAX, UINT64_MAX);
    raw.len += marker_truncated(raw.data + raw.len, 9);
    struct span rest = raw_span(&raw);
    struct part part;
    assert_int_equal(part_next(&rest, &part), 1);
    assert_int_equal(part.kind, PART_EVENT);
    assert_span(part.event, "event");
    assert_int_equal(part_next(&rest, &part), 1);
    assert_span(part.event, "");
    assert_int_equal(part_next(&rest, &part), 1);
    assert_int_equal(part.kind, PART_CAUGHT_UP);
    assert_true(part.order_id == UINT64_MAX);
    assert_int_equal(part_next(&rest, &part), 1);
    assert_int_equal(part.kind, PART_CHECKPOINT);
    assert_true(part.head_order_id == UINT64_MAX);
    assert_int_equal(part_next(&rest, &part), 1);
    assert_int_equal(part.kind, PART_TRUNCATED);
    assert_int_equal(part.order_id, 9);
    assert_int_equal(part_next(&rest, &part), 0);
    uint8_t out[32];
    assert_true(marker_checkpoint(out, UINT64_MAX, UINT64_MAX) <= sizeof out);
}

/* ---- the rest of PhotonService ---- */

static void info_survives_a_round_trip(void **state)
{
    (void)state;
    struct info in = {"0190b5f2-0000-7000-8000-000000000001",
                      2,
                      3,
                      {4, 5, 6, 7},
                      "0.1.0",
                      8,
                      true,
                      "synced"},
                out;
    struct bytes *raw = info_response_encode(&in);
    assert_int_equal(info_response_decode(bytes_span(raw), &out), REASON_NONE);
    assert_string_equal(out.store_id, in.store_id);
    assert_string_equal(out.version, in.version);
    assert_int_equal(out.incarnation, 2);
    assert_int_equal(out.head_order_id, 3);
    assert_int_equal(out.time_ms, 8);
    assert_true(out.read_only);
    assert_string_equal(out.durability, "synced");
    assert_memory_equal(&out.limits.event_bytes, &in.limits.event_bytes, 2 * sizeof(uint64_t));
    assert_int_equal(out.limits.batch_events, 6);
    assert_int_equal(out.limits.name_bytes, 7);
    struct span cut = {raw->data, raw->len - 1};
    assert_int_equal(info_response_decode(cut, &out), REASON_INVALID_ARGUMENT);
    bytes_unref(raw);
}

static void an_event_is_asked_for_in_three_ways(void **state)
{
    (void)state;
    struct get_request in[] = {
        {.by = GET_BY_ORDER_ID, .order_id = UINT64_MAX},
        {.by = GET_BY_EVENT_ID, .event_id = text_span("id")},
        {.by = GET_BY_VERSION, .stream_name = text_span("s"), .version = UINT64_MAX},
    };
    for (size_t i = 0; i < 3; i++) {
        struct get_request out;
        struct bytes *raw = get_request_encode(&in[i]);
        assert_int_equal(get_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
        assert_int_equal(out.by, in[i].by);
        assert_true(out.order_id == in[i].order_id);
        assert_true(out.version == in[i].version);
        assert_true(text_equal(out.event_id, in[i].event_id));
        assert_true(text_equal(out.stream_name, in[i].stream_name));
        bytes_unref(raw);
    }
    static const char *const bad[] = {
        "",          "\x12\x01",         "\x12\x01\x01",
        "\x0a\x01x", "\x1a\x02\x10\x01", "\x1a\x06\x0a\x02**\x10\x01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct get_request out;
        assert_int_equal(get_request_decode(text_span(bad[i]), &out, NULL),
                         REASON_INVALID_ARGUMENT);
    }
    struct bytes *raw = get_response_encode(text_span("event"));
    struct span event;
    assert_int_equal(get_response_decode(bytes_span(raw), &event), REASON_NONE);
    assert_span(event, "event");
    assert_int_equal(get_response_decode((struct span){NULL, 0}, &event), REASON_INVALID_ARGUMENT);
    bytes_unref(raw);
}

static void streams_are_listed(void **state)
{
    (void)state;
    struct list_request in = {text_span("a**"), text_span("ab"), 7}, out;
    struct bytes *raw = list_request_encode(&in);
    assert_int_equal(list_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.pattern, "a**");
    assert_span(out.after, "ab");
    assert_int_equal(out.max, 7);
    bytes_unref(raw);
    assert_int_equal(list_request_decode(text_span("\x0a\x01\x01"), &out, NULL),
                     REASON_INVALID_ARGUMENT);
    assert_int_equal(list_request_decode(text_span("\x1a\x01\x01"), &out, NULL),
                     REASON_INVALID_ARGUMENT);
    struct stream_info info = {text_span("ab"), 1, 2, UINT64_MAX}, got;
    raw = stream_info_part(&info);
    struct span rest = bytes_span(raw);
    assert_int_equal(stream_info_next(&rest, &got), 1);
    assert_span(got.stream_name, "ab");
    assert_int_equal(got.total_events, 1);
    assert_int_equal(got.last_version, 2);
    assert_true(got.last_order_id == UINT64_MAX);
    assert_int_equal(stream_info_next(&rest, &got), 0);
    bytes_unref(raw);
}

/* semantics 5 */
static void a_deletion_may_have_a_condition(void **state)
{
    (void)state;
    struct delete_request in = {text_span("s"), {.kind = EXPECT_VERSION, .version = 9}}, out;
    struct bytes *raw = delete_request_encode(&in);
    assert_int_equal(delete_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_span(out.stream_name, "s");
    assert_int_equal(out.expect.kind, EXPECT_VERSION);
    assert_int_equal(out.expect.version, 9);
    assert_span(out.expect.stream_name, "s"); /* left empty: this stream */
    bytes_unref(raw);
    static const char *const bad[] = {"",
                                      "\x0a\x07__all__",
                                      "\x0a\x02**",
                                      "\x0a\x01s\x1a\x01x",
                                      "\x0a\x01s\x12\x03\x0a\x01s",
                                      "\x0a\x05s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(delete_request_decode(text_span(bad[i]), &out, NULL),
                         REASON_INVALID_ARGUMENT);
    struct delete_response response = {1, 2, 3}, got;
    raw = delete_response_encode(&response);
    assert_int_equal(delete_response_decode(bytes_span(raw), &got), REASON_NONE);
    assert_memory_equal(&got, &response, sizeof got);
    bytes_unref(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_survives_a_round_trip),
        cmocka_unit_test(the_default_is_hot_cold_from_the_beginning),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(more_than_64_event_types_are_refused),
        cmocka_unit_test(malformed_subscriptions_are_refused),
        cmocka_unit_test(a_page_survives_a_round_trip),
        cmocka_unit_test(replies_are_walked_with_their_markers),
        cmocka_unit_test(info_survives_a_round_trip),
        cmocka_unit_test(an_event_is_asked_for_in_three_ways),
        cmocka_unit_test(streams_are_listed),
        cmocka_unit_test(a_deletion_may_have_a_condition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
