/*
 * The messages of AdminService.
 */
#include "wire/codec-admin.h"

#include "tests/wire/raw.h"

static void a_log_level_survives_a_round_trip(void **state)
{
    (void)state;
    for (enum admin_log_level in = ADMIN_LOG_SETTINGS; in <= ADMIN_LOG_DEBUG; in++) {
        enum admin_log_level out = ADMIN_LOG_DEBUG;
        struct bytes *raw = log_level_request_encode(in);
        assert_int_equal(log_level_request_decode(bytes_span(raw), &out, NULL), REASON_NONE);
        assert_int_equal(out, in);
        bytes_unref(raw);
    }
    struct log_level_response response = {ADMIN_LOG_DEBUG, ADMIN_LOG_INFO}, read;
    struct bytes *raw = log_level_response_encode(&response);
    assert_int_equal(log_level_response_decode(bytes_span(raw), &read), REASON_NONE);
    assert_int_equal(read.level, ADMIN_LOG_DEBUG);
    assert_int_equal(read.was, ADMIN_LOG_INFO);
    bytes_unref(raw);
}

static void a_level_that_is_not_known_is_refused(void **state)
{
    (void)state;
    static const uint64_t levels[] = {ADMIN_LOG_DEBUG + 1, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct raw raw = {.len = 0};
        enum admin_log_level level;
        struct error error = {0};
        raw_uint(&raw, 1, levels[i]);
        assert_int_equal(log_level_request_decode(raw_span(&raw), &level, &error),
                         REASON_INVALID_ARGUMENT);
        assert_string_equal(error.field, "level");
        assert_non_null(strstr(error.message, "error, warning, info or debug"));
    }
    assert_null(admin_log_level_name(ADMIN_LOG_DEBUG + 1));
    assert_string_equal(admin_log_level_name(ADMIN_LOG_DEBUG), "debug");
}

static void what_is_malformed_is_refused(void **state)
{
    (void)state;
    enum admin_log_level level;
    struct error error;
    struct raw raw = {.len = 0};
    raw_text(&raw, 1, "debug");
    assert_int_equal(log_level_request_decode(raw_span(&raw), &level, &error),
                     REASON_INVALID_ARGUMENT);
    raw.len = 1;
    assert_int_equal(log_level_request_decode(raw_span(&raw), &level, &error),
                     REASON_INVALID_ARGUMENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_level_survives_a_round_trip),
        cmocka_unit_test(a_level_that_is_not_known_is_refused),
        cmocka_unit_test(what_is_malformed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
