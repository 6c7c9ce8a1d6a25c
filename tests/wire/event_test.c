/*
 * The event: what a client may send, and what a store sends.
 */
#include "wire/event.h"

#include "tests/wire/raw.h"

enum { LIMIT = 1 << 20 };

static const char *const names[] = {
    "",   "stream-name", "event-type", "event-id",           "payload",  "content-type", "schema",
    "id", "service-id",  "caused-by",  "caused-by-relation", "metadata", "traceparent"};

/* An event with a stream and a type, and perhaps one field more. */
static struct raw minimal(void)
{
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, "orders/7");
    raw_text(&raw, 2, "OrderPlaced");
    return raw;
}

static void refused(const struct raw *raw, const char *field, const char *fault, uint64_t limit)
{
    struct event event;
    struct error error;
    assert_int_equal(event_check(raw_span(raw), LIMIT, 3, &event, &error), REASON_INVALID_ARGUMENT);
    assert_int_equal(error.reason, REASON_INVALID_ARGUMENT);
    assert_string_equal(error.field, field);
    assert_int_equal(error.event_index, 3);
    assert_int_equal(error.limit, limit);
    if (!strstr(error.message, fault) || !strstr(error.message, "event 3: "))
        fail_msg("\"%s\" does not say \"%s\"", error.message, fault);
}

static void taken(const struct raw *raw)
{
    struct event event;
    struct error error = {0};
    if (event_check(raw_span(raw), LIMIT, 0, &event, &error) != REASON_NONE)
        fail_msg("%s", error.message);
}

static void an_event_needs_a_stream_and_a_type(void **state)
{
    (void)state;
    struct raw raw = minimal();
    taken(&raw);
    raw = (struct raw){.len = 0};
    refused(&raw, "stream-name", "is empty", 0);
    raw_text(&raw, 1, "orders");
    refused(&raw, "event-type", "is empty", 0);
    raw_text(&raw, 2, "");
    refused(&raw, "event-type", "is empty", 0);
}

/* semantics 6 */
static void every_text_is_checked_for_length_utf8_and_control_characters(void **state)
{
    (void)state;
    char longest[257];
    memset(longest, 'x', 256);
    longest[256] = '\0';
    for (uint32_t n = 1; n <= 12; n++) {
        if (n == 4 || n == 11)
            continue;
        static const char *const bad[] = {"tab\there", "\xc3\x28", "del\x7f"};
        for (size_t i = 0; i < 4; i++) {
            struct raw raw = {.len = 0};
            const char *text = i < 3 ? bad[i] : longest;
            for (uint32_t m = 1; m <= 2; m++)
                if (m != n)
                    raw_text(&raw, m, "fine");
            raw_text(&raw, n, text);
            refused(&raw, names[n],
                    i == 1   ? "is not UTF-8"
                    : i == 3 ? "is longer"
                             : "control",
                    i == 3 ? 255 : 0);
        }
    }
    longest[255] = '\0';
    struct raw raw = {.len = 0};
    for (uint32_t n = 1; n <= 12; n++)
        raw_text(&raw, n, longest);
    taken(&raw);
}

/* semantics 6 */
static void names_of_the_store_and_patterns_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"__all__", "__x", "a/**", "**", "a**b"};
    for (size_t i = 0; i < 5; i++) {
        struct raw raw = {.len = 0};
        raw_text(&raw, 1, bad[i]);
        raw_text(&raw, 2, "x");
        refused(&raw, "stream-name", i < 2 ? "begins with" : "contains", 0);
    }
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, "_a*b/c_");
    raw_text(&raw, 2, "__type**"); /* only streams are so restricted */
    taken(&raw);
}

static void repeated_fields_are_refused(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 12; n++) {
        struct raw raw = {.len = 0};
        for (uint32_t m = 1; m <= 12; m++)
            raw_text(&raw, m, "fine");
        taken(&raw);
        raw_text(&raw, n, "");
        refused(&raw, names[n], "is given twice", 0);
    }
}

static void fields_of_the_store_and_unknown_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        const char *field, *fault;
    } cases[] = {
        {13, "order-id", "set by the store"},      {14, "version", "set by the store"},
        {15, "event-time", "set by the store"},    {16, "field 16", "is the store's"},
        {31, "field 31", "is the store's"},        {32, "field 32", "is unknown"},
        {536870911, "field 536870911", "unknown"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw raw = minimal();
        raw_uint(&raw, cases[i].number, 0);
        refused(&raw, cases[i].field, cases[i].fault, 0);
        raw = minimal();
        raw_text(&raw, cases[i].number, "x");
        refused(&raw, cases[i].field, cases[i].fault, 0);
    }
}

static void wrong_wire_types_are_refused(void **state)
{
    (void)state;
    for (uint32_t n = 3; n <= 12; n++) {
        struct raw raw = minimal();
        raw_uint(&raw, n, 1);
        refused(&raw, names[n], "wrong wire type", 0);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    size_t whole[16], count = 0;
    for (uint32_t n = 1; n <= 12; n++) {
        raw_text(&raw, n, "some text");
        whole[count++] = raw.len;
    }
    for (size_t len = 0; len < raw.len; len++) {
        bool border = false;
        for (size_t i = 1; i < count; i++)
            border |= whole[i] == len;
        uint8_t *exact = malloc(len ? len : 1); /* so that the address sanitizer sees the end */
        memcpy(exact, raw.data, len);
        struct event event;
        enum reason reason = event_check((struct span){exact, len}, LIMIT, 0, &event, NULL);
        assert_int_equal(reason, border ? REASON_NONE : REASON_INVALID_ARGUMENT);
        free(exact);
    }
}

/* semantics 10 */
static void an_event_over_the_limit_is_too_large(void **state)
{
    (void)state;
    struct raw raw = minimal();
    raw_text(&raw, 4, "payload");
    struct event event;
    struct error error;
    assert_int_equal(event_check(raw_span(&raw), raw.len, 0, &event, &error), REASON_NONE);
    assert_int_equal(event_check(raw_span(&raw), raw.len - 1, 9, &event, &error), REASON_TOO_LARGE);
    assert_string_equal(error.field, "event");
    assert_int_equal(error.event_index, 9);
    assert_int_equal(error.limit, raw.len - 1);
    assert_false(error.retryable);
}

static void all_fields_survive_a_round_trip(void **state)
{
    (void)state;
    struct event in = {
        .stream_name = text_span("s"),
        .event_type = text_span("t"),
        .event_id = text_span("i"),
        .payload = text_span("{\"a\":1}"),
        .content_type = text_span("text"),
        .schema = text_span("1"),
        .id = text_span("e"),
        .service_id = text_span("svc"),
        .caused_by = text_span("7"),
        .caused_by_relation = text_span("CAUSED"),
        .metadata = text_span("m"),
        .traceparent = text_span("00-1"),
    };
    uint8_t out[256];
    size_t len = event_size(&in);
    assert_ptr_equal(event_put(out, &in), out + len);
    struct event strict, tolerant;
    assert_int_equal(event_check((struct span){out, len}, LIMIT, 0, &strict, NULL), REASON_NONE);
    assert_true(event_read((struct span){out, len}, &tolerant));
    assert_memory_equal(&strict, &tolerant, sizeof strict);
    assert_span(strict.stream_name, "s");
    assert_span(strict.event_type, "t");
    assert_span(strict.event_id, "i");
    assert_span(strict.payload, "{\"a\":1}");
    assert_span(strict.content_type, "text");
    assert_span(strict.schema, "1");
    assert_span(strict.id, "e");
    assert_span(strict.service_id, "svc");
    assert_span(strict.caused_by, "7");
    assert_span(strict.caused_by_relation, "CAUSED");
    assert_span(strict.metadata, "m");
    assert_span(strict.traceparent, "00-1");
}

static void a_stores_event_is_read_with_what_a_newer_one_adds(void **state)
{
    (void)state;
    struct raw raw = minimal();
    raw_uint(&raw, 13, 1234567890123456);
    raw_uint(&raw, 14, 7);
    raw_uint(&raw, 15, 1700000000000);
    raw_text(&raw, 16, "new");
    raw_uint(&raw, 40, 1);
    struct event event;
    assert_true(event_read(raw_span(&raw), &event));
    assert_true(event.order_id == 1234567890123456);
    assert_int_equal(event.version, 7);
    assert_true(event.event_time == 1700000000000);
    assert_true(event_peek(raw_span(&raw), &event));
    assert_span(event.stream_name, "orders/7");
    assert_span(event.event_type, "OrderPlaced");
    assert_true(event.order_id == 1234567890123456);
    raw.data[raw.len++] = 0x0a;
    assert_false(event_read(raw_span(&raw), &event));
    assert_false(event_peek(raw_span(&raw), &event));
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    struct raw good = minimal();
    for (int round = 0; round < 20000; round++) {
        size_t len = raw_random(&seed) % 64;
        uint8_t *exact = malloc(len ? len : 1);
        for (size_t i = 0; i < len; i++)
            exact[i] = round % 2 && i < good.len && raw_random(&seed) % 8
                           ? good.data[i]
                           : (uint8_t)raw_random(&seed);
        struct event event;
        struct error error;
        enum reason reason = event_check((struct span){exact, len}, LIMIT, 0, &event, &error);
        assert_true(reason == REASON_NONE || reason == REASON_INVALID_ARGUMENT);
        event_read((struct span){exact, len}, &event);
        event_peek((struct span){exact, len}, &event);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_needs_a_stream_and_a_type),
        cmocka_unit_test(every_text_is_checked_for_length_utf8_and_control_characters),
        cmocka_unit_test(names_of_the_store_and_patterns_are_refused),
        cmocka_unit_test(repeated_fields_are_refused),
        cmocka_unit_test(fields_of_the_store_and_unknown_ones_are_refused),
        cmocka_unit_test(wrong_wire_types_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(an_event_over_the_limit_is_too_large),
        cmocka_unit_test(all_fields_survive_a_round_trip),
        cmocka_unit_test(a_stores_event_is_read_with_what_a_newer_one_adds),
        cmocka_unit_test(random_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
