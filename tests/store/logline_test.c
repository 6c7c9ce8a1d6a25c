/* logline_test.c - what is said while running reaches the reader whole, and never makes the speaker wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/exit_codes.h"
#include "store/logline.h"

static char *all_of(int fd)
{
    size_t len = 0, room = 1 << 20;
    char *text = malloc(room);
    assert_non_null(text);
    for (ssize_t n; (n = read(fd, text + len, room - len - 1)) > 0; len += (size_t)n) {
    }
    text[len] = '\0';
    return text;
}

static void a_json_line_is_one_object_whatever_its_fields_hold(void **state)
{
    int fd[2];
    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_true(logline_start(fd[1], LOGLINE_AUTO)); /* a pipe is no terminal */
    logline_with(LOGLINE_INFO, "ready", logline_text("address", "\"\\\n\x01\xff\xc3\xa9"),
                 logline_int("port", -5), logline_uint("head", UINT64_MAX >> 1),
                 logline_text("none", NULL));
    logline_stop();
    close(fd[1]);
    char *text = all_of(fd[0]);
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "message")), "ready");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "address")),
                        "\"\\\n\x01\xef\xbf\xbd\xc3\xa9");
    assert_int_equal(json_integer_value(json_object_get(line, "port")), -5);
    assert_true(json_integer_value(json_object_get(line, "head")) == INT64_MAX);
    assert_null(json_object_get(line, "none"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_decref(line);
    free(text);
    close(fd[0]);
}

static void a_line_that_is_too_long_stays_one_object_with_fewer_fields(void **state)
{
    int fd[2];
    char big[3000];
    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_true(logline_start(fd[1], LOGLINE_JSON));
    logline_with(LOGLINE_INFO, "m", logline_text("a", big), logline_text("b", big),
                 logline_text("c", big), logline_text("d", big), logline_int("e", 1));
    logline_stop();
    close(fd[1]);
    char *text = all_of(fd[0]);
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_int_equal(strlen(json_string_value(json_object_get(line, "a"))), 1024);
    assert_null(json_object_get(line, "d"));
    json_decref(line);
    free(text);
    close(fd[0]);
}

static void text_is_quoted_where_it_could_be_misread(void **state)
{
    int fd[2];
    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_true(logline_start(fd[1], LOGLINE_TEXT));
    logline_with(LOGLINE_WARNING, "odd", logline_text("a", "plain"), logline_text("b", "x\ny z"));
    logline_stop();
    close(fd[1]);
    char *text = all_of(fd[0]);
    assert_non_null(strstr(text, "Z warning odd a=plain b=\"x\\u000ay z\"\n"));
    free(text);
    close(fd[0]);
}

static void a_terminal_gets_text(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0);
    assert_true(logline_start(terminal, LOGLINE_AUTO));
    logline_with(LOGLINE_INFO, "ready", logline_text("address", "127.0.0.1:1"));
    logline_stop();
    char line[200];
    ssize_t n = read(master, line, sizeof line - 1);
    assert_true(n > 0);
    line[n] = '\0';
    assert_non_null(strstr(line, "Z info    ready address=127.0.0.1:1"));
    close(terminal);
    close(master);
}

static void levels_below_the_one_set_are_not_said(void **state)
{
    int fd[2];
    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_true(logline_start(fd[1], LOGLINE_TEXT));
    logline(LOGLINE_DEBUG, "one");
    logline_set_level(LOGLINE_DEBUG);
    logline(LOGLINE_DEBUG, "two");
    logline_set_level(LOGLINE_ERROR);
    logline(LOGLINE_WARNING, "three");
    logline_set_level(LOGLINE_INFO);
    logline_stop();
    close(fd[1]);
    char *text = all_of(fd[0]);
    assert_null(strstr(text, "one"));
    assert_non_null(strstr(text, "debug   two"));
    assert_null(strstr(text, "three"));
    free(text);
    close(fd[0]);
}

/* Nobody reads the pipe: far more is said than pipe and buffer hold, and every call returns. */
static void nobody_waits_for_a_reader_that_does_not_read(void **state)
{
    enum { LINES = 20000 };
    int fd[2];
    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_true(logline_start(fd[1], LOGLINE_JSON));
    for (int i = 0; i < LINES; i++)
        logline_with(LOGLINE_INFO, "line", logline_int("i", i));
    char buffer[4096];
    json_int_t dropped = 0;
    int kept = 0;
    char line[LOGLINE_BYTES_MAX];
    size_t len = 0;
    while (kept + dropped < LINES) { /* a report comes whenever there is room again */
        ssize_t n = read(fd[0], buffer, sizeof buffer);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            line[len++] = buffer[i];
            if (buffer[i] != '\n')
                continue;
            json_t *o = json_loadb(line, len, 0, NULL);
            assert_non_null(o);
            if (json_object_get(o, "lines"))
                dropped += json_integer_value(json_object_get(o, "lines"));
            else
                kept++;
            json_decref(o);
            len = 0;
        }
    }
    assert_true(dropped > 0);
    assert_int_equal(kept + dropped, LINES);
    logline_stop();
    close(fd[0]);
    close(fd[1]);
}

static _Atomic int64_t
    ahead_s; /* the time of day is so much later than it will be when somebody waits for it */

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, now);
    if (rc == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += ahead_s;
    return rc;
}

/* The clock is set back by a minute while the end waits for a reader that does not read: it still waits for a second. */
static void the_end_comes_when_the_clock_is_set_back(void **state)
{
    enum { LINES = 2000, SET_BACK_S = 60 };
    int fd[2];
    struct timespec begun, ended;
    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    assert_true(logline_start(fd[1], LOGLINE_JSON));
    for (int i = 0; i < LINES; i++)
        logline_with(LOGLINE_INFO, "line", logline_int("i", i));
    ahead_s = SET_BACK_S;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    logline_stop();
    clock_gettime(CLOCK_MONOTONIC, &ended);
    ahead_s = 0;
    assert_true(ended.tv_sec - begun.tv_sec < SET_BACK_S / 2);
    close(fd[0]); /* the writer, too, ends */
}

static void every_fault_of_the_store_has_an_exit_code_of_its_own(void **state)
{
    (void)state;
    size_t len;
    const struct exit_code_entry *all = exit_codes(&len);
    for (size_t i = 1; i < len; i++) {
        assert_true(all[i].code > all[i - 1].code);
        assert_true(strlen(all[i].meaning) > 0 && strlen(all[i].remedy) > 0);
    }
    for (int a = LOG_OK; a <= LOG_FAILED; a++) {
        enum exit_code code = exit_code_of_fault((enum log_fault)a);
        assert_int_equal(exit_code_entry(code)->code, code);
        for (int b = LOG_OK; b < a; b++)
            assert_int_not_equal(code, exit_code_of_fault((enum log_fault)b));
    }
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(a_json_line_is_one_object_whatever_its_fields_hold),
        cmocka_unit_test(a_line_that_is_too_long_stays_one_object_with_fewer_fields),
        cmocka_unit_test(text_is_quoted_where_it_could_be_misread),
        cmocka_unit_test(a_terminal_gets_text),
        cmocka_unit_test(levels_below_the_one_set_are_not_said),
        cmocka_unit_test(nobody_waits_for_a_reader_that_does_not_read),
        cmocka_unit_test(the_end_comes_when_the_clock_is_set_back),
        cmocka_unit_test(every_fault_of_the_store_has_an_exit_code_of_its_own),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
