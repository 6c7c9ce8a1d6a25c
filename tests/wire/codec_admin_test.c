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

static void an_interval_is_none_or_in_its_range(void **state)
{
    (void)state;
    static const struct {
        uint32_t interval_ms;
        enum reason reason;
    } cases[] = {{0, REASON_NONE},
                 {STATS_INTERVAL_MIN_MS - 1, REASON_INVALID_ARGUMENT},
                 {STATS_INTERVAL_MIN_MS, REASON_NONE},
                 {STATS_INTERVAL_MAX_MS, REASON_NONE},
                 {STATS_INTERVAL_MAX_MS + 1, REASON_INVALID_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes *raw = stats_request_encode(cases[i].interval_ms);
        uint32_t read = 1;
        struct error error;
        assert_int_equal(stats_request_decode(bytes_span(raw), &read, &error), cases[i].reason);
        assert_int_equal(read, cases[i].interval_ms);
        bytes_unref(raw);
    }
}

static void lists_survive_a_round_trip(void **state)
{
    (void)state;
    const struct subscription_info in = {.number = 7,
                                         .peer = text_span("ipv4:127.0.0.1:1"),
                                         .identity = text_span("orders"),
                                         .stream_name = text_span("a/**"),
                                         .stream_type = 1,
                                         .state = SUBSCRIPTION_STUCK,
                                         .position = UINT64_MAX,
                                         .lag_ms = 5,
                                         .events = 6,
                                         .waiting_bytes = 8,
                                         .since = 9};
    struct subscription_info out;
    struct bytes *raw = subscription_info_part(&in);
    struct span rest = bytes_span(raw);
    assert_int_equal(subscription_info_next(&rest, &out), 1);
    assert_span(out.stream_name, "a/**");
    assert_int_equal(out.state, SUBSCRIPTION_STUCK);
    assert_true(out.position == UINT64_MAX);
    assert_int_equal(out.since, 9);
    assert_int_equal(subscription_info_next(&rest, &out), 0);
    bytes_unref(raw);
    const struct session_info session = {.number = 1, .service = text_span("s"), .draining = true};
    struct session_info read;
    raw = session_info_part(&session);
    rest = bytes_span(raw);
    assert_int_equal(session_info_next(&rest, &read), 1);
    assert_span(read.service, "s");
    assert_true(read.draining);
    bytes_unref(raw);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_level_survives_a_round_trip),
        cmocka_unit_test(a_level_that_is_not_known_is_refused),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(an_interval_is_none_or_in_its_range),
        cmocka_unit_test(lists_survive_a_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
