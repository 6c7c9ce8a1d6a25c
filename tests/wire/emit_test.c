/*
 * Batches and their answers.
 */
#include "tests/wire/raw.h"
#include "wire/codec.h"

static const struct limits limits = {1 << 16, 1 << 20, 1000, 255};

/* Add an event to an EmitRequest. */
static void add_event(struct raw *request, const char *stream, const char *id)
{
    struct raw *event = calloc(1, sizeof *event);
    raw_text(event, 1, stream);
    raw_text(event, 2, "happened");
    if (id)
        raw_text(event, 3, id);
    raw_bytes(request, 1, raw_span(event));
    free(event);
}

static void refused(struct span raw, enum reason reason, const char *field, uint32_t index,
                    uint64_t limit)
{
    struct emit_request request;
    struct error error = {0};
    assert_int_equal(emit_request_decode(raw, &limits, &request, &error), reason);
    assert_int_equal(error.reason, reason);
    assert_string_equal(error.field, field);
    assert_int_equal(error.event_index, index);
    assert_int_equal(error.limit, limit);
}

static void a_batch_survives_a_round_trip(void **state)
{
    (void)state;
    struct event events[3] = {
        {.stream_name = text_span("a"), .event_type = text_span("t"), .event_id = text_span("1")},
        {.stream_name = text_span("b"), .event_type = text_span("t"), .event_id = text_span("2")},
        {.raw = text_span("\x0a\x01"
                          "c\x12\x01t")},
    };
    struct expect expects[3] = {{text_span("a"), EXPECT_VERSION, 0},
                                {text_span("b"), EXPECT_NO_STREAM, 0},
                                {text_span("__store__"), EXPECT_EXISTS, 0}};
    struct emit_request in = {events, 3, expects, 3}, out;
    struct bytes *raw = emit_request_encode(&in);
    struct error error = {0};
    assert_int_equal(emit_request_decode(bytes_span(raw), &limits, &out, &error), REASON_NONE);
    assert_int_equal(out.events_len, 3);
    assert_int_equal(out.expects_len, 3);
    assert_span(out.events[0].stream_name, "a");
    assert_span(out.events[1].event_id, "2");
    assert_span(out.events[2].stream_name, "c");
    assert_int_equal(out.expects[0].kind, EXPECT_VERSION);
    assert_int_equal(out.expects[0].version, 0);
    assert_int_equal(out.expects[1].kind, EXPECT_NO_STREAM);
    assert_int_equal(out.expects[2].kind, EXPECT_EXISTS);
    assert_span(out.expects[2].stream_name, "__store__");
    emit_request_fini(&out);
    bytes_unref(raw);
}

static void an_empty_batch_is_refused(void **state)
{
    (void)state;
    refused((struct span){NULL, 0}, REASON_INVALID_ARGUMENT, "event", 0, 0);
}

static void a_fault_tells_which_event_it_is_in(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    add_event(&raw, "fine", "1");
    add_event(&raw, "__all__", "2");
    refused(raw_span(&raw), REASON_INVALID_ARGUMENT, "stream-name", 1, 0);
}

/* semantics 3 */
static void the_same_id_twice_in_a_batch_is_refused(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    char id[16];
    for (int i = 0; i < 999; i++) {
        snprintf(id, sizeof id, "id-%d", i);
        add_event(&raw, "s", id);
    }
    struct emit_request request;
    assert_int_equal(emit_request_decode(raw_span(&raw), &limits, &request, NULL), REASON_NONE);
    emit_request_fini(&request);
    add_event(&raw, "other", "id-500");
    refused(raw_span(&raw), REASON_INVALID_ARGUMENT, "event-id", 999, 0);
}

static void events_without_ids_are_not_the_same(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    for (int i = 0; i < 4; i++)
        add_event(&raw, "s", i % 2 ? NULL : "");
    struct emit_request request;
    assert_int_equal(emit_request_decode(raw_span(&raw), &limits, &request, NULL), REASON_NONE);
    emit_request_fini(&request);
}

/* semantics 10 */
static void limits_of_a_batch_are_kept(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    struct emit_request request;
    struct limits tight = limits;
    for (int i = 0; i < 5; i++)
        add_event(&raw, "s", NULL);
    tight.batch_bytes = raw.len;
    tight.batch_events = 5;
    assert_int_equal(emit_request_decode(raw_span(&raw), &tight, &request, NULL), REASON_NONE);
    emit_request_fini(&request);
    struct error error;
    tight.batch_events = 4;
    assert_int_equal(emit_request_decode(raw_span(&raw), &tight, &request, &error),
                     REASON_TOO_LARGE);
    assert_int_equal(error.limit, 4);
    tight = limits;
    tight.batch_bytes = raw.len - 1;
    assert_int_equal(emit_request_decode(raw_span(&raw), &tight, &request, &error),
                     REASON_TOO_LARGE);
    assert_int_equal(error.limit, raw.len - 1);
    tight = limits;
    tight.event_bytes = 4;
    assert_int_equal(emit_request_decode(raw_span(&raw), &tight, &request, &error),
                     REASON_TOO_LARGE);
    assert_string_equal(error.field, "event");
    assert_int_equal(error.limit, 4);
}

/* hazards 14 */
static void huge_repeated_fields_cost_no_memory(void **state)
{
    (void)state;
    size_t len = 1 << 20;
    uint8_t *many = malloc(len);
    for (size_t i = 0; i < len; i += 2) {
        many[i] = 0x0a;
        many[i + 1] = 0x00;
    }
    refused((struct span){many, len}, REASON_TOO_LARGE, "event", 0, 1000);
    for (size_t i = 2; i < len; i += 2)
        many[i] = 0x12;
    refused((struct span){many, len}, REASON_TOO_LARGE, "expect", 0, 1000);
    free(many);
}

static void unknown_fields_of_a_batch_are_refused(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    add_event(&raw, "s", NULL);
    raw_text(&raw, 3, "a condition of tomorrow");
    refused(raw_span(&raw), REASON_INVALID_ARGUMENT, "", 0, 0);
}

static void expectations_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *expect, *field;
        size_t len;
    } bad[] = {
        {"\x0a\x01s", "expect", 3},                 /* nothing expected */
        {"\x10\x01", "stream-name", 2},             /* of no stream */
        {"\x0a\x02**\x10\x01", "stream-name", 6},   /* of a pattern */
        {"\x0a\x01s\x18\x00", "expect", 5},         /* no_stream = false */
        {"\x0a\x01s\x20\x02", "expect", 5},         /* exists = 2 */
        {"\x0a\x01s\x10\x01\x20\x01", "expect", 7}, /* two kinds */
        {"\x0a\x01s\x28\x01", "expect", 5},         /* an unknown one */
        {"\x0a\x05s", "expect", 3},                 /* cut */
        {"\x0a\x01\x01\x10\x01", "stream-name", 5}, /* a control character */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct raw raw = {.len = 0};
        add_event(&raw, "s", NULL);
        raw_bytes(&raw, 2, (struct span){(const uint8_t *)bad[i].expect, bad[i].len});
        refused(raw_span(&raw), REASON_INVALID_ARGUMENT, bad[i].field, 0, 0);
    }
}

static void every_truncation_of_a_batch_is_refused(void **state)
{
    (void)state;
    struct raw raw = {.len = 0};
    add_event(&raw, "stream", "id");
    size_t first = raw.len;
    add_event(&raw, "stream", "other");
    for (size_t len = 0; len < raw.len; len++) {
        uint8_t *exact = malloc(len ? len : 1);
        memcpy(exact, raw.data, len);
        struct emit_request request;
        enum reason reason =
            emit_request_decode((struct span){exact, len}, &limits, &request, NULL);
        assert_int_equal(reason, len == first ? REASON_NONE : REASON_INVALID_ARGUMENT);
        if (reason == REASON_NONE)
            emit_request_fini(&request);
        free(exact);
    }
}

static void an_answer_survives_a_round_trip(void **state)
{
    (void)state;
    struct stored_at stored[3] = {{1700000000000000, 1}, {1700000000000001, 2}, {UINT64_MAX, 0}};
    for (size_t len = 0; len <= 3; len++) {
        struct emit_response in = {len % 2, stored, len, 1700000000000}, out;
        struct bytes *raw = emit_response_encode(&in);
        assert_int_equal(emit_response_decode(bytes_span(raw), &out), REASON_NONE);
        assert_int_equal(out.duplicate, len % 2);
        assert_int_equal(out.stored_len, len);
        assert_true(out.event_time == in.event_time);
        for (size_t i = 0; i < len; i++)
            assert_memory_equal(&out.stored[i], &stored[i], sizeof *stored);
        free(out.stored);
        for (size_t cut = 1; cut < 6; cut++) { /* within the time */
            struct span part = {raw->data, raw->len - cut};
            assert_int_equal(emit_response_decode(part, &out), REASON_INVALID_ARGUMENT);
        }
        bytes_unref(raw);
    }
}

/* Put parts one behind the other, as a message. */
static void append(struct raw *message, struct bytes *part)
{
    assert_non_null(part);
    memcpy(message->data + message->len, part->data, part->len);
    message->len += part->len;
    bytes_unref(part);
}

/* semantics 7 */
static void numbered_batches_are_walked_in_order(void **state)
{
    (void)state;
    struct raw message = {.len = 0};
    append(&message, emit_stream_part(1, text_span("one")));
    append(&message, emit_stream_part(300, text_span("")));
    struct span rest = raw_span(&message), request;
    uint64_t number;
    assert_int_equal(emit_stream_next(&rest, &number, &request), 1);
    assert_int_equal(number, 1);
    assert_span(request, "one");
    assert_int_equal(emit_stream_next(&rest, &number, &request), 1);
    assert_int_equal(number, 300);
    assert_span(request, "");
    assert_int_equal(emit_stream_next(&rest, &number, &request), 0);
    message.data[message.len++] = 0x0a;
    rest = raw_span(&message);
    assert_int_equal(emit_stream_next(&rest, &number, &request), 1);
    assert_int_equal(emit_stream_next(&rest, &number, &request), 1);
    assert_int_equal(emit_stream_next(&rest, &number, &request), -1);
    rest = text_span("\x0a\x04\x12\x00\x12\x00"); /* two requests under one number */
    assert_int_equal(emit_stream_next(&rest, &number, &request), -1);
}

static void numbered_results_are_walked_in_order(void **state)
{
    (void)state;
    struct raw message = {.len = 0};
    struct stored_at stored = {5, 6};
    struct emit_response response = {false, &stored, 1, 7}, got;
    struct error error;
    error_set(&error, REASON_WRONG_VERSION, "no");
    append(&message, emit_result_part(1, &response, NULL));
    raw_text(&message, 9, "of a newer server");
    append(&message, emit_result_part(2, NULL, &error));
    struct span rest = raw_span(&message), ok, failed;
    uint64_t number;
    assert_int_equal(emit_result_next(&rest, &number, &ok, &failed), 1);
    assert_int_equal(number, 1);
    assert_null(failed.data);
    assert_int_equal(emit_response_decode(ok, &got), REASON_NONE);
    assert_int_equal(got.stored[0].version, 6);
    free(got.stored);
    assert_int_equal(emit_result_next(&rest, &number, &ok, &failed), 1);
    assert_int_equal(number, 2);
    assert_null(ok.data);
    struct error read;
    assert_int_equal(error_decode(failed, &read), REASON_NONE);
    assert_int_equal(read.reason, REASON_WRONG_VERSION);
    assert_int_equal(emit_result_next(&rest, &number, &ok, &failed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_survives_a_round_trip),
        cmocka_unit_test(an_empty_batch_is_refused),
        cmocka_unit_test(a_fault_tells_which_event_it_is_in),
        cmocka_unit_test(the_same_id_twice_in_a_batch_is_refused),
        cmocka_unit_test(events_without_ids_are_not_the_same),
        cmocka_unit_test(limits_of_a_batch_are_kept),
        cmocka_unit_test(huge_repeated_fields_cost_no_memory),
        cmocka_unit_test(unknown_fields_of_a_batch_are_refused),
        cmocka_unit_test(expectations_are_checked),
        cmocka_unit_test(every_truncation_of_a_batch_is_refused),
        cmocka_unit_test(an_answer_survives_a_round_trip),
        cmocka_unit_test(numbered_batches_are_walked_in_order),
        cmocka_unit_test(numbered_results_are_walked_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
