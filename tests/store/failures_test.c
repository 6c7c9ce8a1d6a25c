/*
 * failures_test.c - which failures get a line of the log, and what stands in it. What carries the call is played here, in place of
 * wire/serve-call.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/failures.h"
#include "store/logline.h"

struct serve_call {
    const char *path, *identity, *peer;
    bool is_private;
};

const char *serve_call_path(const struct serve_call *call)
{
    return call->path;
}

const char *serve_call_identity(const struct serve_call *call)
{
    return call->identity;
}

const char *serve_call_peer(const struct serve_call *call)
{
    return call->peer;
}

bool serve_call_is_private(const struct serve_call *call)
{
    return call->is_private;
}

/* ---- how many ---- */

static void what_is_too_much_for_a_second_is_counted_for_the_next_line(void **state)
{
    (void)state;
    struct failures_rate rate = {0};
    uint64_t untold = 77;
    for (int i = 0; i < FAILURES_PER_SECOND; i++) {
        assert_true(failures_may_tell(&rate, 5000 + i, &untold));
        assert_int_equal(untold, 0);
    }
    for (int i = 0; i < 1000; i++)
        assert_false(failures_may_tell(&rate, 5999, &untold));
    assert_true(failures_may_tell(&rate, 6000, &untold));
    assert_int_equal(untold, 1000);
    assert_true(failures_may_tell(&rate, 6001, &untold));
    assert_int_equal(untold, 0);
}

static void those_that_come_now_and_then_are_all_told(void **state)
{
    (void)state;
    struct failures_rate rate = {0};
    uint64_t untold;
    for (int64_t now_ms = 0; now_ms < 100000; now_ms += 1000 / FAILURES_PER_SECOND) {
        assert_true(failures_may_tell(&rate, now_ms, &untold));
        assert_int_equal(untold, 0);
    }
}

/* ---- lines ---- */

static const struct serve_call emit = {"/muon.v1.PhotonService/Emit", "shop", "ipv4:10.1.2.3:4711",
                                       false};

/* Fail so many times with this reason; the log's lines. */
static json_t *lines_of(enum logline_level level, const struct serve_call *call, enum reason reason,
                        int times)
{
    int fd[2];
    struct error error;
    char text[65536];
    size_t len = 0;
    error_set(&error, reason, "so it is");
    strcpy(error.request_id, "5f3c91a2-17");
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    logline_set_level(level);
    assert_true(logline_start(fd[1], LOGLINE_JSON));
    for (int i = 0; i < times; i++)
        failures_tell(call, &error);
    logline_stop();
    close(fd[1]);
    for (ssize_t n; (n = read(fd[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = '\0';
    close(fd[0]);
    json_t *lines = json_array();
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        json_array_append_new(lines, json_loads(line, 0, NULL));
    return lines;
}

static const char *text_of(const json_t *lines, const char *key)
{
    return json_string_value(json_object_get(json_array_get(lines, 0), key));
}

static void a_line_says_which_failure_of_whom_it_was_and_why(void **state)
{
    (void)state;
    json_t *lines = lines_of(LOGLINE_INFO, &emit, REASON_DENIED, 1);
    assert_int_equal(json_array_size(lines), 1);
    assert_string_equal(text_of(lines, "level"), "info");
    assert_string_equal(text_of(lines, "message"), "a call failed");
    assert_string_equal(text_of(lines, "request"), "5f3c91a2-17");
    assert_string_equal(text_of(lines, "call"), "/muon.v1.PhotonService/Emit");
    assert_string_equal(text_of(lines, "peer"), "ipv4:10.1.2.3:4711");
    assert_string_equal(text_of(lines, "identity"), "shop");
    assert_string_equal(text_of(lines, "reason"), "DENIED");
    assert_string_equal(text_of(lines, "error"), "so it is");
    assert_null(json_object_get(json_array_get(lines, 0), "untold"));
    json_decref(lines);
}

static void what_is_not_known_of_a_caller_is_left_out(void **state)
{
    (void)state;
    static const struct serve_call nobody = {"", "", "unix:", true};
    json_t *lines = lines_of(LOGLINE_INFO, &nobody, REASON_NO_SUCH_PATH, 1);
    assert_null(text_of(lines, "call"));
    assert_null(text_of(lines, "identity"));
    assert_string_equal(text_of(lines, "peer"), "admin socket");
    json_decref(lines);
}

static void ordinary_answers_are_told_at_debug_only(void **state)
{
    (void)state;
    static const enum reason ordinary[] = {
        REASON_WRONG_VERSION, REASON_NO_SUCH_EVENT, REASON_NO_SUCH_SERVICE, REASON_BUSY,
        REASON_SHUTTING_DOWN, REASON_CALLER_GONE,   REASON_TIMED_OUT};
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) {
        json_t *info = lines_of(LOGLINE_INFO, &emit, ordinary[i], 1);
        json_t *debug = lines_of(LOGLINE_DEBUG, &emit, ordinary[i], 1);
        assert_int_equal(json_array_size(info), 0);
        assert_int_equal(json_array_size(debug), 1);
        assert_string_equal(text_of(debug, "level"), "debug");
        json_decref(info);
        json_decref(debug);
    }
}

static void a_loop_of_failures_does_not_fill_the_log_unless_all_of_it_is_asked_for(void **state)
{
    enum { TIMES = 100 };
    (void)state;
    json_t *info = lines_of(LOGLINE_INFO, &emit, REASON_TOO_LARGE, TIMES);
    json_t *debug = lines_of(LOGLINE_DEBUG, &emit, REASON_TOO_LARGE, TIMES);
    json_t *warning = lines_of(LOGLINE_WARNING, &emit, REASON_TOO_LARGE, TIMES);
    assert_in_range(json_array_size(info), 0, TIMES / 2); /* a second may pass meanwhile */
    assert_int_equal(json_array_size(debug), TIMES);
    assert_int_equal(json_array_size(warning), 0);
    json_decref(info);
    json_decref(debug);
    json_decref(warning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_much_for_a_second_is_counted_for_the_next_line),
        cmocka_unit_test(those_that_come_now_and_then_are_all_told),
        cmocka_unit_test(a_line_says_which_failure_of_whom_it_was_and_why),
        cmocka_unit_test(what_is_not_known_of_a_caller_is_left_out),
        cmocka_unit_test(ordinary_answers_are_told_at_debug_only),
        cmocka_unit_test(a_loop_of_failures_does_not_fill_the_log_unless_all_of_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
