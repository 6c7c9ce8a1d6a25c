/*
 * retention_test.c - how long events are kept, on the wire: as the generated code writes it, and nothing that is not understood.
 */
#include "wire/codec-retention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "muon/v1/photon.pb-c.h"
#include "wire/proto.h"
#include "wire/text.h"

static void a_policy_that_other_clients_encode_is_understood(void **state)
{
    (void)state;
    Muon__V1__Retention set = MUON__V1__RETENTION__INIT;
    Muon__V1__SetRetentionRequest message = MUON__V1__SET_RETENTION_REQUEST__INIT;
    struct set_retention_request out;
    set.pattern = (char *)"logs/**";
    set.max_age_ms = 86400000;
    set.max_count = 1000;
    message.change_case = MUON__V1__SET_RETENTION_REQUEST__CHANGE_SET;
    message.set = &set;
    struct bytes *raw = proto_pack(&message);
    assert_int_equal(set_retention_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_false(out.clear);
    assert_true(text_equal(out.retention.pattern, text_span("logs/**")));
    assert_int_equal(out.retention.max_age_ms, 86400000);
    assert_int_equal(out.retention.max_count, 1000);
    bytes_unref(raw);
    message.change_case = MUON__V1__SET_RETENTION_REQUEST__CHANGE_CLEAR;
    message.clear = (char *)"logs/**";
    raw = proto_pack(&message);
    assert_int_equal(set_retention_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
    assert_true(out.clear);
    assert_true(text_equal(out.retention.pattern, text_span("logs/**")));
    bytes_unref(raw);
}

static void what_we_encode_the_generated_code_understands(void **state)
{
    (void)state;
    const struct set_retention_request in = {.retention = {text_span("a**"), 7, 8, 0}};
    struct bytes *raw = set_retention_request_encode(&in);
    Muon__V1__SetRetentionRequest *message =
        proto_unpack(&muon__v1__set_retention_request__descriptor, bytes_span(raw));
    assert_non_null(message);
    assert_int_equal(message->change_case, MUON__V1__SET_RETENTION_REQUEST__CHANGE_SET);
    assert_string_equal(message->set->pattern, "a**");
    assert_int_equal(message->set->max_age_ms, 7);
    assert_int_equal(message->set->max_count, 8);
    proto_free(message);
    bytes_unref(raw);
    uint8_t list[64];
    const struct retention policy = {text_span("b"), 1, 2, 3};
    uint8_t *end = retention_part_put(retention_part_put(list, &in.retention), &policy);
    assert_int_equal(end - list, retention_part_size(&in.retention) + retention_part_size(&policy));
    Muon__V1__ListRetentionResponse *response = proto_unpack(
        &muon__v1__list_retention_response__descriptor, (struct span){list, (size_t)(end - list)});
    assert_non_null(response);
    assert_int_equal(response->n_retention, 2);
    assert_string_equal(response->retention[1]->pattern, "b");
    assert_int_equal(response->retention[1]->order_id, 3);
    proto_free(response);
}

static void what_is_malformed_or_not_known_is_refused(void **state)
{
    (void)state;
    static const struct span bad[] = {
        {(const uint8_t *)"", 0},                          /* no change */
        {(const uint8_t *)"\x0a\x00", 2},                  /* no pattern */
        {(const uint8_t *)"\x12\x00", 2},                  /* likewise */
        {(const uint8_t *)"\x12\x03__a", 5},               /* the store's own */
        {(const uint8_t *)"\x0a\x05\x0a\x01x\x28\x01", 7}, /* a limit that is not known */
        {(const uint8_t *)"\x1a\x01x", 3},                 /* a change that is not known */
        {(const uint8_t *)"\x0a\x05\x0a\x01x", 5},         /* cut off */
        {(const uint8_t *)"\x0a\x0b\x0a\x01x\x10\xff\xff\xff\xff\xff\xff\x3f", 13}, /* for ever */
    };
    struct set_retention_request out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error error;
        assert_int_equal(set_retention_request_decode(bad[i], &out, &error),
                         REASON_INVALID_ARGUMENT);
        assert_true(strlen(error.field) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_that_other_clients_encode_is_understood),
        cmocka_unit_test(what_we_encode_the_generated_code_understands),
        cmocka_unit_test(what_is_malformed_or_not_known_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
