/*
 * The log on a sound disk: making, opening, refusing, reading; and what a kill leaves behind.
 */
#include "store/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "stock.h"
#include "store/keys.h"
#include "tests/lib/openlog.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

/* One that must be there already. */
static const struct log_options there = {
    .write_buffer_bytes = 1 << 20, .file_bytes = 1 << 20, .ballast_bytes = 1 << 16};

static char *path(const char *dir, const char *name)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s/%s", dir, name);
    return text;
}

static void file_put(const char *dir, const char *name, const char *text)
{
    FILE *file = fopen(path(dir, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static unsigned entries(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* ---- making and opening ---- */

/* semantics 9 */
static void a_store_keeps_its_identity(void **state)
{
    char id[64];
    struct log *log = openlog(path(*state, "new"), &openlog_small);
    snprintf(id, sizeof id, "%s", log_store_id(log));
    assert_int_equal(strlen(id), 36);
    assert_int_equal(log_incarnation(log), 1);
    assert_int_equal(log_end(log).last_number, 0);
    log_close(log);
    log = openlog(path(*state, "new"), &openlog_small);
    assert_string_equal(log_store_id(log), id);
    assert_int_equal(log_incarnation(log), 1);
    log_close(log);
    log = openlog(path(*state, "another"), &openlog_small);
    assert_string_not_equal(log_store_id(log), id);
    log_close(log);
}

static void a_missing_store_is_made_only_when_asked(void **state)
{
    struct error error;
    assert_int_equal(openlog_fault(path(*state, "no"), &there, &error), LOG_UNREADABLE);
    assert_int_equal(openlog_fault(*state, &there, &error), LOG_UNREADABLE);
    assert_int_equal(entries(*state), 0);
    assert_int_equal(openlog_fault(path(*state, "no/no"), &openlog_small, &error), LOG_UNREADABLE);
    file_put(*state, "file", "");
    assert_int_equal(openlog_fault(path(*state, "file"), &openlog_small, &error), LOG_UNREADABLE);
}

static void check_modes(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(entry->d_name, "..") == 0)
            continue;
        assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, S_ISDIR(st.st_mode) ? 0700 : 0600);
    }
    closedir(d);
}

static void nobody_else_may_read_the_files(void **state)
{
    umask(0);
    struct log *log = openlog(path(*state, "s"), &openlog_small);
    struct stock stock = stock_begin();
    for (int i = 0; i < 30; i++)
        assert_int_equal(stock_commit(&stock, log, STOCK_COMMIT_MAX, NULL), REASON_NONE);
    check_modes(path(*state, "s"));
    check_modes(path(*state, "s/data"));
    log_close(log);
}

static void a_second_opening_is_told_who_is_there(void **state)
{
    struct error error;
    char pid[32];
    struct log *log = openlog(*state, &openlog_small);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_LOCKED);
    assert_non_null(strstr(error.message, pid));
    log_close(log);
    log_close(openlog(*state, &openlog_small));
}

static void a_foreign_directory_is_refused_and_untouched(void **state)
{
    struct error error;
    file_put(*state, "CURRENT", "MANIFEST-000002\n");
    file_put(*state, "MANIFEST-000002", "");
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_FOREIGN);
    assert_int_equal(openlog_fault(*state, &there, &error), LOG_FOREIGN);
    assert_non_null(strstr(error.message, *state));
    assert_int_equal(entries(*state), 2);
}

static void an_empty_file_system_may_hold_lost_and_found(void **state)
{
    assert_int_equal(mkdir(path(*state, "lost+found"), 0700), 0);
    log_close(openlog(*state, &openlog_small));
}

static void marker_put(const char *dir, const char *format, const char *id)
{
    char text[256];
    snprintf(text, sizeof text, "x\nformat %s\nidentity %s\n", format, id);
    file_put(dir, "PHOTON", text);
}

static void another_format_or_identity_is_refused(void **state)
{
    struct error error;
    char id[64];
    struct log *log = openlog(*state, &openlog_small);
    snprintf(id, sizeof id, "%s", log_store_id(log));
    log_close(log);
    marker_put(*state, "999", id);
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_FORMAT);
    assert_non_null(strstr(error.message, "newer"));
    marker_put(*state, "2", id);
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_FORMAT);
    assert_non_null(strstr(error.message, "muon backup"));
    char format[16];
    snprintf(format, sizeof format, "%d", LOG_FORMAT_FIRST);
    marker_put(*state, format, "01890a5d-ac96-774b-bcce-b302099a8057");
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_DAMAGED);
    marker_put(*state, "none", id);
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_DAMAGED);
    marker_put(*state, format, id);
    log_close(openlog(*state, &openlog_small));
}

static void a_store_that_was_not_finished_is_made_again(void **state)
{
    log_close(openlog(*state, &openlog_small));
    char from[4096];
    snprintf(from, sizeof from, "%s", path(*state, "PHOTON"));
    assert_int_equal(rename(from, path(*state, "PHOTON.new")), 0);
    assert_int_equal(truncate(path(*state, "data/CURRENT"), 0), 0); /* as after a power cut */
    struct error error;
    assert_int_equal(openlog_fault(*state, &there, &error), LOG_UNREADABLE);
    log_close(openlog(*state, &openlog_small));
    assert_int_equal(access(path(*state, "PHOTON.new"), F_OK), -1);
}

static void a_store_that_has_lost_its_marker_is_not_made_again(void **state)
{
    struct error error;
    struct stock stock = stock_begin();
    struct log *log = openlog(*state, &openlog_small);
    assert_int_equal(stock_commit(&stock, log, 10, NULL), REASON_NONE);
    log_close(log);
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s", path(*state, "PHOTON"));
    snprintf(to, sizeof to, "%s", path(*state, "PHOTON.new"));
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_DAMAGED);
    assert_int_equal(rename(to, from), 0);
    log = openlog(*state, &openlog_small);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    log_close(log);
}

/* hazards 3 */
static void a_store_whose_database_is_missing_is_damaged_not_new(void **state)
{
    struct error error;
    log_close(openlog(*state, &openlog_small));
    assert_int_equal(remove(path(*state, "data/CURRENT")), 0);
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_DAMAGED);
}

/* ---- writing and reading ---- */

/* semantics 1 */
static void what_was_committed_is_there_after_reopening(void **state)
{
    struct log *log = openlog(*state, &openlog_small);
    struct stock stock = stock_begin();
    for (unsigned i = 1; i < 200; i++)
        assert_int_equal(stock_commit(&stock, log, 1 + i % 50, NULL), REASON_NONE);
    stock_check(log, stock.events);
    log_close(log);
    log = openlog(*state, &openlog_small);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    assert_int_equal(log_end(log).last_number, stock.number);
    assert_int_equal(log_end(log).last_time_ms, stock.time_ms - 1);
    log_close(log);
}

static struct span step(struct log_iter *iter)
{
    return log_iter_valid(iter) ? log_iter_key(iter) : (struct span){NULL, 0};
}

static void iterators_go_both_ways_and_end(void **state)
{
    struct log *log = openlog(*state, &openlog_small);
    struct log_batch *batch = log_batch_new();
    struct key a = key_erase(1), b = key_erase(2), beyond = key_erase(UINT64_MAX);
    log_batch_put(batch, key_span(&a), text_span("one"));
    log_batch_put(batch, key_span(&b), text_span("two"));
    assert_int_equal(log_write(log, batch, NULL), REASON_NONE);
    struct log_iter *iter = log_iter_open(log, LOG_READ);
    log_iter_seek_before(iter, key_span(&b));
    assert_true(text_equal(step(iter), key_span(&a)));
    assert_true(text_equal(log_iter_value(iter), text_span("one")));
    log_iter_next(iter);
    assert_true(text_equal(step(iter), key_span(&b)));
    log_iter_prev(iter);
    log_iter_prev(iter);
    assert_false(log_iter_valid(iter));
    assert_int_equal(log_iter_fault(iter, NULL), REASON_NONE);
    log_iter_seek(iter, text_span("\xff"));
    assert_false(log_iter_valid(iter));
    log_iter_seek_before(iter, text_span("\xff"));
    assert_true(log_iter_valid(iter)); /* the last key of all */
    log_iter_seek_before(iter, key_span(&beyond));
    assert_true(text_equal(step(iter), key_span(&b)));
    log_iter_close(iter);

    log_batch_clear(batch);
    log_batch_delete(batch, key_span(&a));
    assert_int_equal(log_write(log, batch, NULL), REASON_NONE);
    struct bytes *value;
    assert_int_equal(log_get(log, key_span(&a), &value, NULL), REASON_NONE);
    assert_null(value);
    log_batch_free(batch);
    log_close(log);
}

/* ---- the tail ---- */

/* Change what is stored, behind the log's back. */
static void tamper(struct log *log, struct key key, struct span value)
{
    struct log_batch *batch = log_batch_new();
    if (value.data)
        log_batch_put(batch, key_span(&key), value);
    else
        log_batch_delete(batch, key_span(&key));
    assert_int_equal(log_write(log, batch, NULL), REASON_NONE);
    log_batch_free(batch);
}

static const struct span none = {NULL, 0};

/* A store of ten commits of three events whose key is deleted or replaced does not open. */
static void expect_damage(const char *dir, struct key key, struct span value, const char *words)
{
    struct error error;
    struct log *log = openlog(dir, &openlog_small);
    struct stock stock = stock_begin();
    for (int i = 0; i < 10; i++)
        assert_int_equal(stock_commit(&stock, log, 3, NULL), REASON_NONE);
    tamper(log, key, value);
    log_close(log);
    assert_int_equal(openlog_fault(dir, &openlog_small, &error), LOG_DAMAGED);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" says nothing of \"%s\"", error.message, words);
}

static uint64_t first_of(unsigned commit)
{
    return stock_begin().next + commit * 13; /* three events and a gap of ten */
}

/* semantics 1; hazards 3 */
static void opening_notices_what_is_missing_at_the_end(void **state)
{
    char text[64];
    expect_damage(path(*state, "middle"), key_record(first_of(5)), none, "missing");
    expect_damage(path(*state, "first"), key_record(first_of(0)), none, "missing");
    expect_damage(path(*state, "last"), key_record(first_of(9)), none, "acknowledged");
    expect_damage(path(*state, "id"), key_event_id(text_span(stock_id(28, text))), none,
                  "no entry");
    uint64_t version = 28 / STOCK_STREAMS + 1;
    expect_damage(path(*state, "extent"), key_extent(text_span(stock_stream(28, text)), version),
                  none, "index");
    static const uint8_t elsewhere[] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    expect_damage(path(*state, "wrong"), key_extent(text_span(stock_stream(28, text)), version),
                  (struct span){elsewhere, sizeof elsewhere}, "index");
    expect_damage(
        path(*state, "checksum"), key_record(first_of(9)),
        text_span("a record that is long enough to have a header and a body, but is none"),
        "checksum");
}

/* semantics 1 */
static void a_record_of_an_unknown_kind_refuses_to_open(void **state)
{
    struct error error;
    uint8_t value[RECORD_HEADER_BYTES + 2] = {[RECORD_HEADER_BYTES] = 0x0a};
    struct record record = {(enum record_kind)7, 1, 50, 50, 1, 1, {value + RECORD_HEADER_BYTES, 2}};
    struct log *log = openlog(*state, &openlog_small);
    record_seal(value, &record);
    tamper(log, key_record(50), (struct span){value, sizeof value});
    log_close(log);
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_FORMAT);
}

/* ---- kill -9 ---- */

/* This program again, as a writer: commits until it is killed, telling how many events are acknowledged. */
static int writer(const char *dir)
{
    struct log *log = openlog(dir, &openlog_small);
    struct stock stock = stock_resume(log);
    while (stock_commit(&stock, log, 1 + (unsigned)(stock.events % 40), NULL) == REASON_NONE)
        if (write(STDOUT_FILENO, &stock.events, sizeof stock.events) != sizeof stock.events)
            break;
    return 1;
}

static pid_t start_writer(char *dir, int *out)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char name[] = "log_test";
        char *args[] = {name, dir, NULL};
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv("/proc/self/exe", args);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* semantics 1; hazards 2 */
static void a_killed_writer_has_lost_nothing_acknowledged(void **state)
{
    uint64_t acknowledged = 0, told;
    for (unsigned round = 1; round <= 5; round++) {
        int out, status;
        pid_t pid = start_writer(*state, &out);
        for (unsigned i = 0; i < 40 * round; i++)
            if (read(out, &told, sizeof told) == sizeof told)
                acknowledged = told;
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (read(out, &told, sizeof told) == sizeof told)
            acknowledged = told;
        close(out);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        struct log *log = openlog(*state, &openlog_small); /* the lock went with its process */
        uint64_t found = stock_check(log, acknowledged);
        assert_true(found <= acknowledged + 40);
        log_close(log);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, openlog_setup, openlog_teardown)

int main(int argc, char **argv)
{
    if (argc == 2 && argv[1][0] == '/')
        return writer(argv[1]);
    const struct CMUnitTest tests[] = {
        TEST(a_store_keeps_its_identity),
        TEST(a_missing_store_is_made_only_when_asked),
        TEST(nobody_else_may_read_the_files),
        TEST(a_second_opening_is_told_who_is_there),
        TEST(a_foreign_directory_is_refused_and_untouched),
        TEST(an_empty_file_system_may_hold_lost_and_found),
        TEST(another_format_or_identity_is_refused),
        TEST(a_store_that_was_not_finished_is_made_again),
        TEST(a_store_that_has_lost_its_marker_is_not_made_again),
        TEST(a_store_whose_database_is_missing_is_damaged_not_new),
        TEST(what_was_committed_is_there_after_reopening),
        TEST(iterators_go_both_ways_and_end),
        TEST(opening_notices_what_is_missing_at_the_end),
        TEST(a_record_of_an_unknown_kind_refuses_to_open),
        TEST(a_killed_writer_has_lost_nothing_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
