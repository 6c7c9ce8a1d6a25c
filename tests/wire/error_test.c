/*
 * Errors, alone and with a gRPC status; protobuf-c with its bound on memory.
 */
#include "wire/codec.h"

#include "muon/v1/error.pb-c.h"
#include "muon/v1/photon.pb-c.h"
#include "tests/wire/raw.h"
#include "wire/proto.h"

/* ---- errors ---- */

static struct error a_failure(void)
{
    struct error error;
    error_set(&error, REASON_WRONG_VERSION, "stream \"%s\" has moved", "s");
    error.wrong_versions = 20;
    for (uint32_t i = 0; i < WRONG_VERSIONS_MAX; i++) {
        struct wrong_version *wrong = &error.wrong_version[i];
        snprintf(wrong->stream_name, sizeof wrong->stream_name, "s%u", i);
        wrong->kind = (enum expect_kind)(EXPECT_VERSION + i % 3);
        wrong->expected = i % 3 == 0 ? i : 0;
        wrong->version = i + 1;
        wrong->exists = i % 2;
    }
    memcpy(error.field, "expect", 7);
    error.event_index = 5;
    error.limit = UINT64_MAX;
    error.retry_after_ms = 250;
    strcpy(error.request_id, "5f3c91a2-17");
    return error;
}

static void an_error_survives_a_round_trip(void **state)
{
    (void)state;
    struct error in = a_failure(), out;
    struct bytes *raw = error_encode(&in);
    assert_int_equal(error_decode(bytes_span(raw), &out), REASON_NONE);
    assert_memory_equal(&in, &out, sizeof in);
    bytes_unref(raw);
}

static void a_request_id_has_its_place_and_its_bound(void **state)
{
    (void)state;
    static const uint8_t golden[] = {0x08, 0x0d, 0x12, 0x02, 'n', 'o', 0x5a, 0x0b, '5', 'f',
                                     '3',  'c',  '9',  '1',  'a', '2', '-',  '1',  '7'};
    struct error in, out;
    error_set(&in, REASON_DENIED, "no");
    strcpy(in.request_id, "5f3c91a2-17");
    struct bytes *encoded = error_encode(&in);
    assert_int_equal(encoded->len, sizeof golden);
    assert_memory_equal(encoded->data, golden, sizeof golden);
    bytes_unref(encoded);
    struct raw raw = {.len = 0};
    raw_uint(&raw, 1, REASON_DENIED);
    raw_text(&raw, 11, "a-longer-one-than-any-that-photond-gives");
    assert_int_equal(error_decode(raw_span(&raw), &out), REASON_NONE);
    assert_string_equal(out.request_id, "a-longer-one-than-any-t");
}

static void an_error_travels_with_a_status(void **state)
{
    (void)state;
    struct error in = a_failure(), out;
    struct bytes *details = error_status_encode(&in);
    error_from_status(9, text_span("text"), bytes_span(details), &out);
    assert_memory_equal(&in, &out, sizeof in);
    error_from_status(0, text_span(""), bytes_span(details), &out);
    assert_int_equal(out.reason, REASON_NONE);
    bytes_unref(details);
}

static void a_status_with_long_names_stays_small(void **state)
{
    (void)state;
    struct error in = a_failure(), out;
    memset(in.message, 'm', sizeof in.message - 1);
    for (size_t i = 0; i < WRONG_VERSIONS_MAX; i++)
        memset(in.wrong_version[i].stream_name, 'n', NAME_BYTES_MAX);
    struct bytes *details = error_status_encode(&in);
    assert_true(details->len < 4200); /* in base64 below 5,600 of a stock client's 8,192 */
    error_from_status(9, text_span("text"), bytes_span(details), &out);
    assert_int_equal(out.wrong_versions, 20);
    assert_int_equal(strlen(out.wrong_version[0].stream_name), NAME_BYTES_MAX);
    bytes_unref(details);
}

static void a_status_without_details_gets_a_reason(void **state)
{
    (void)state;
    struct span none = {NULL, 0};
    struct error out;
    for (int status = 1; status < 40; status++) {
        error_from_status(status, text_span("why"), text_span("\xff\xff"), &out);
        assert_int_not_equal(out.reason, REASON_NONE);
        assert_int_equal(out.grpc_status, status);
        assert_non_null(strstr(out.message, "why"));
    }
    error_from_status(14, none, none, &out);
    assert_int_equal(out.reason, REASON_STORE_UNAVAILABLE);
    assert_true(out.retryable && out.maybe_applied);
    error_from_status(4, none, none, &out);
    assert_int_equal(out.reason, REASON_TIMED_OUT);
    error_from_status(8, text_span("Received message larger than max (9 vs. 8)"), none, &out);
    assert_int_equal(out.reason, REASON_TOO_LARGE);
    error_from_status(8, text_span("later"), none, &out);
    assert_int_equal(out.reason, REASON_BUSY);
}

static void a_reason_that_is_unknown_goes_by_the_status(void **state)
{
    (void)state;
    Muon__V1__Error message = MUON__V1__ERROR__INIT;
    message.reason = (Muon__V1__Reason)77;
    struct bytes *raw = proto_pack(&message);
    struct error out;
    assert_int_equal(error_decode(bytes_span(raw), &out), REASON_INVALID_ARGUMENT);
    bytes_unref(raw);
}

static void every_reason_has_a_name_and_a_code(void **state)
{
    (void)state;
    for (int reason = 1; reason < REASON_COUNT; reason++) {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(&muon__v1__reason__descriptor, reason);
        assert_string_equal(reason_name((enum reason)reason), value->name);
        assert_true(reason_grpc_status((enum reason)reason) > 0);
    }
    assert_int_equal(muon__v1__reason__descriptor.n_values, REASON_COUNT);
    assert_string_equal(grpc_status_name(14), "UNAVAILABLE");
    assert_string_equal(grpc_status_name(99), "UNKNOWN");
}

/* ---- protobuf-c, bounded ---- */

/* hazards 13 */
static void a_member_of_a_oneof_is_told_from_an_absent_one(void **state)
{
    (void)state;
    Muon__V1__DeleteStreamRequest message = MUON__V1__DELETE_STREAM_REQUEST__INIT;
    message.stream_name = (char *)"s";
    struct bytes *raw = proto_pack(&message);
    struct delete_request request;
    assert_int_equal(delete_request_decode(bytes_span(raw), &request, NULL), REASON_NONE);
    assert_int_equal(request.expect.kind, EXPECT_NONE);
    bytes_unref(raw);
    Muon__V1__Expect expect = MUON__V1__EXPECT__INIT;
    expect.kind_case = MUON__V1__EXPECT__KIND_VERSION;
    message.condition_case = MUON__V1__DELETE_STREAM_REQUEST__CONDITION_EXPECT;
    message.expect = &expect;
    raw = proto_pack(&message);
    assert_int_equal(delete_request_decode(bytes_span(raw), &request, NULL), REASON_NONE);
    assert_int_equal(request.expect.kind, EXPECT_VERSION); /* with the value 0 */
    bytes_unref(raw);
}

/* hazards 14 */
static void unpacking_is_bounded_by_a_multiple_of_the_input(void **state)
{
    (void)state;
    assert_int_equal(proto_bytes_max(1000), 8192 + 32 * 1000);
    assert_true(proto_bytes_max(SIZE_MAX / 2) == SIZE_MAX);
    size_t len = 4 << 20;
    uint8_t *many = malloc(len);
    for (size_t i = 0; i < len; i += 2) { /* empty messages: 235 MB without a bound */
        many[i] = 0x2a;
        many[i + 1] = 0x00;
    }
    assert_null(proto_unpack(&muon__v1__error__descriptor, (struct span){many, len}));
    Muon__V1__Error *few = proto_unpack(&muon__v1__error__descriptor, (struct span){many, 40});
    assert_non_null(few);
    assert_int_equal(few->n_wrong_version, 20);
    proto_free(few);
    free(many);
}

/* hazards 14 */
static void texts_that_are_not_text_are_refused_at_any_depth(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        size_t len;
    } bad[] = {
        {"\x12\x02\xc3\x28", 4}, /* Error.message */
        {"\x12\x03"
         "a\0b",
         5},                                 /* a NUL in it */
        {"\x2a\x05\x0a\x03\x0a\x01\xff", 7}, /* Error.wrong_version.expected.stream_name */
        {"\x2a\x05\x0a\x03\x0a\x01", 6},     /* cut */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(proto_unpack(&muon__v1__error__descriptor,
                                 (struct span){(const uint8_t *)bad[i].raw, bad[i].len}));
}

/* hazards 14 */
static void random_messages_do_no_harm(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const types[] = {
        &muon__v1__error__descriptor, &muon__v1__info_response__descriptor,
        &muon__v1__list_streams_response__descriptor, &muon__v1__emit_request__descriptor};
    uint64_t seed = 88172645463325252u;
    struct error failure = a_failure();
    struct bytes *good = error_encode(&failure);
    for (int round = 0; round < 20000; round++) {
        size_t len = 1 + raw_random(&seed) % good->len;
        uint8_t *exact = malloc(len);
        memcpy(exact, good->data, len);
        for (uint64_t flips = raw_random(&seed) % 4; flips > 0; flips--)
            exact[raw_random(&seed) % len] = (uint8_t)raw_random(&seed);
        struct span raw = {exact, len};
        proto_free(proto_unpack(types[round % 4], raw));
        struct error out;
        error_decode(raw, &out);
        error_from_status(2, raw, raw, &out);
        struct subscribe_request request;
        subscribe_request_decode(raw, &request, &out);
        read_request_decode(raw, &request, &out);
        free(exact);
    }
    bytes_unref(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_survives_a_round_trip),
        cmocka_unit_test(a_request_id_has_its_place_and_its_bound),
        cmocka_unit_test(an_error_travels_with_a_status),
        cmocka_unit_test(a_status_with_long_names_stays_small),
        cmocka_unit_test(a_status_without_details_gets_a_reason),
        cmocka_unit_test(a_reason_that_is_unknown_goes_by_the_status),
        cmocka_unit_test(every_reason_has_a_name_and_a_code),
        cmocka_unit_test(a_member_of_a_oneof_is_told_from_an_absent_one),
        cmocka_unit_test(unpacking_is_bounded_by_a_multiple_of_the_input),
        cmocka_unit_test(texts_that_are_not_text_are_refused_at_any_depth),
        cmocka_unit_test(random_messages_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
