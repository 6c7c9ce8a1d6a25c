/*
 * log_lost_test.c - files of LevelDB's that end too early, which it takes for what a crash leaves behind.
 */
#include "store/log.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stock.h"
#include "store/keys.h"
#include "tests/lib/openlog.h"
#include "tests/lib/tempdir.h"

/* One that must be there already. */
static const struct log_options there = {
    .write_buffer_bytes = 1 << 20, .file_bytes = 1 << 20, .ballast_bytes = 1 << 16};

static char *path(const char *dir, const char *name)
{
    static char text[4096];
    snprintf(text, sizeof text, "%s/%s", dir, name);
    return text;
}

static off_t size_of(const char *dir, const char *name)
{
    struct stat is;
    assert_int_equal(stat(path(dir, name), &is), 0);
    return is.st_size;
}

/* The greatest number of LevelDB's files of a kind; its name is path's. */
static unsigned long newest(const char *dir, const char *format, char name[64])
{
    unsigned long number, greatest = 0;
    DIR *d = opendir(path(dir, "data"));
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d));) {
        char same[32];
        if (sscanf(entry->d_name, format, &number) != 1 || number <= greatest)
            continue;
        snprintf(same, sizeof same, format, number);
        if (strcmp(same, entry->d_name) == 0) {
            greatest = number;
            snprintf(name, 64, "data/%s", same);
        }
    }
    closedir(d);
    return greatest;
}

/* Until LevelDB has begun a new log, which it does when the one before is a table; then some more than opening looks at in any case. */
static void commit_over_logs(struct log *log, const char *dir, struct stock *stock, unsigned logs)
{
    char name[64];
    for (unsigned long number = newest(dir, "%06lu.log", name); logs > 0; logs--) {
        unsigned long before = number;
        while ((number = newest(dir, "%06lu.log", name)) == before)
            assert_int_equal(stock_commit(stock, log, STOCK_COMMIT_MAX, NULL), REASON_NONE);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(stock_commit(stock, log, 1, NULL), REASON_NONE);
}

/* hazards 3 */
static void opening_notices_a_table_that_leveldb_has_forgotten(void **state)
{
    char manifest[64];
    struct error error;
    struct stock stock = stock_begin();
    log_close(openlog(
        *state, &openlog_small)); /* what the store says of itself comes into a table of its own */
    struct log *log = openlog(*state, &openlog_small);
    assert_true(newest(*state, "MANIFEST-%06lu", manifest) > 0);
    off_t before = size_of(*state, manifest);
    commit_over_logs(log, *state, &stock, 2);
    log_close(log);
    assert_true(size_of(*state, manifest) > before);
    assert_int_equal(truncate(path(*state, manifest), before), 0);
    assert_int_equal(openlog_fault(*state, &there, &error), LOG_DAMAGED);
    if (!strstr(error.message, "missing"))
        fail_msg("%s", error.message);
}

/* hazards 3 */
static void a_table_that_was_cut_short_is_damage(void **state)
{
    char table[64];
    struct error error;
    struct stock stock = stock_begin();
    struct log *log = openlog(*state, &openlog_small);
    commit_over_logs(log, *state, &stock, 2);
    log_close(log);
    log = openlog(*state, &openlog_small);
    log_close(log);
    assert_true(newest(*state, "%06lu.ldb", table) > 0);
    assert_int_equal(truncate(path(*state, table), 1000), 0);
    assert_int_equal(openlog_fault(*state, &there, &error), LOG_DAMAGED);
    assert_non_null(strstr(error.message, table));
    assert_int_equal(error.reason, REASON_CORRUPT);
}

/* Bytes of all that is in front of the end by which a table is known, in place. */
static void damage(const char *dir, const char *name)
{
    enum { STEP = 256, FOOTER = 48 };
    off_t end = size_of(dir, name) - FOOTER;
    FILE *file = fopen(path(dir, name), "r+b");
    assert_non_null(file);
    for (long at = STEP; at < end; at += STEP) {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        fputc(byte ^ 0xff, file);
    }
    assert_int_equal(fclose(file), 0);
}

/* hazards 3 */
static void damage_that_is_met_in_reading_is_told_and_only_verify_goes_on_behind_it(void **state)
{
    char table[64], id[64];
    struct error error;
    struct bytes *value;
    struct stock stock = stock_begin();
    struct log *log = openlog(*state, &openlog_small);
    commit_over_logs(log, *state, &stock, 2);
    log_close(log);
    log = openlog(*state, &openlog_small);
    unsigned long last = newest(*state, "%06lu.ldb", table);
    for (unsigned long number = 1; number <= last; number++) {
        snprintf(table, sizeof table, "data/%06lu.ldb", number);
        if (access(path(*state, table), F_OK) == 0)
            damage(*state, table);
    }
    stock_id(0, id);
    struct key key = key_event_id((struct span){(const uint8_t *)id, strlen(id)});
    assert_int_equal(log_get(log, key_span(&key), &value, &error), REASON_CORRUPT);
    struct log_iter *iter = log_iter_open(log, LOG_SCAN);
    log_iter_seek(iter, (struct span){NULL, 0});
    while (log_iter_valid(iter))
        log_iter_next(iter);
    assert_int_equal(log_iter_fault(iter, &error), REASON_CORRUPT);
    log_iter_seek(iter, (struct span){NULL, 0}); /* which does not forget it */
    assert_false(log_iter_valid(iter));
    log_iter_go_on(iter);
    assert_int_equal(log_iter_fault(iter, &error), REASON_NONE);
    log_iter_seek(iter, (struct span){NULL, 0});
    while (log_iter_valid(iter))
        log_iter_next(iter);
    assert_int_equal(log_iter_fault(iter, &error), REASON_NONE); /* LevelDB has said it */
    log_iter_close(iter);
    log_close(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, openlog_setup, openlog_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_notices_a_table_that_leveldb_has_forgotten),
        TEST(a_table_that_was_cut_short_is_damage),
        TEST(damage_that_is_met_in_reading_is_told_and_only_verify_goes_on_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
