/*
 * torn_test.c - LevelDB's log and its MANIFEST as a power cut may leave them: in pieces behind what was synced. hazards 1, 3.
 */
#include "store/torn.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stock.h"
#include "store/logwalk.h"
#include "tests/lib/openlog.h"
#include "tests/lib/tempdir.h"

enum { PATH_BYTES = 4096, HEADER_BYTES = 7, SYNCED = 12, UNSYNCED = 4, ROUNDS = 60, FLIPS = 60 };

static const struct log_options large_buffer = {
    .create = true, .write_buffer_bytes = 8 << 20, .file_bytes = 1 << 20, .ballast_bytes = 1 << 16};

/* The file of the directory whose name is the greatest that begins and ends so, below dir; "" if there is none. */
static const char *last_file(char path[PATH_BYTES], const char *dir, const char *begin,
                             const char *end)
{
    char name[256] = "";
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d));) {
        size_t len = strlen(entry->d_name);
        if (len >= strlen(end) && strcmp(entry->d_name + len - strlen(end), end) == 0 &&
            strncmp(entry->d_name, begin, strlen(begin)) == 0 && strcmp(entry->d_name, name) > 0)
            snprintf(name, sizeof name, "%s", entry->d_name);
    }
    closedir(d);
    snprintf(path, PATH_BYTES, "%s%s%s", name[0] ? dir : "", name[0] ? "/" : "", name);
    return path;
}

static const char *newest_log(char path[PATH_BYTES], const char *dir)
{
    char *data = tempdir_path(dir, "data");
    last_file(path, data, "", ".log");
    free(data);
    return path;
}

static char *read_file(const char *path, size_t *len)
{
    char *data = tempdir_read(path, len);
    assert_non_null(data);
    return data;
}

static void write_at(const char *path, size_t at, const void *data, size_t len)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void copy(const char *from, const char *to)
{
    char *command;
    assert_true(asprintf(&command, "rm -rf '%s' && cp -a '%s' '%s'", to, from, to) > 0);
    assert_int_equal(system(command), 0);
    free(command);
}

/* A store with so many commits, each acknowledged. */
static struct stock make(const char *dir, unsigned commits)
{
    struct stock stock = stock_begin();
    struct log *log = openlog(dir, &large_buffer);
    for (unsigned i = 0; i < commits; i++)
        assert_int_equal(stock_commit(&stock, log, 100, NULL), REASON_NONE);
    log_close(log);
    return stock;
}

/* LevelDB was taking over the log when the power failed again: the next one is there, and empty. */
static void make_next_log(const char *log_path)
{
    char next[PATH_BYTES];
    unsigned number;
    const char *name = strrchr(log_path, '/') + 1;
    assert_int_equal(sscanf(name, "%u.log", &number), 1);
    snprintf(next, sizeof next, "%.*s%06u.log", (int)(name - log_path), log_path, number + 3);
    assert_int_equal(close(creat(next, 0600)), 0);
}

/* It opens with everything, takes more, and opens again; what was behind the end of the file is kept. */
static void cut_off_and_kept(const char *dir, const struct log_options *options,
                             struct stock *stock, const char *kept_as, const uint8_t *tail,
                             size_t tail_len)
{
    char kept_path[PATH_BYTES];
    size_t len;
    struct log *log = openlog(dir, options);
    assert_int_equal(stock_check(log, stock->events), stock->events);
    assert_int_equal(stock_commit(stock, log, 100, NULL), REASON_NONE);
    log_close(log);
    log = openlog(dir, options);
    assert_int_equal(stock_check(log, stock->events), stock->events);
    log_close(log);
    char *kept = read_file(last_file(kept_path, dir, kept_as, ""), &len);
    assert_int_equal(len, tail_len);
    assert_memory_equal(kept, tail, len);
    free(kept);
}

/* Something that LevelDB does not take for a record that was being written. */
static void torn_log_is_mended(void **state, bool interrupted)
{
    char log_path[PATH_BYTES];
    uint8_t tail[HEADER_BYTES + 500] = {1, 0, 0, 0, 300 & 0xff, 300 >> 8, 1, 'x'};
    struct stock stock = make(*state, SYNCED);
    size_t before;
    free(read_file(newest_log(log_path, *state), &before));
    write_at(log_path, before, tail, sizeof tail);
    if (interrupted)
        make_next_log(log_path);
    cut_off_and_kept(*state, &large_buffer, &stock, "torn-", tail, sizeof tail);
}

static void an_append_that_is_there_in_pieces_is_cut_off_and_kept(void **state)
{
    torn_log_is_mended(state, false);
}

static void it_is_also_where_a_start_was_interrupted(void **state)
{
    torn_log_is_mended(state, true);
}

/* Commits that were appended, and neither synced nor acknowledged: a copy of the store's mark says so. */
static void append_unsynced(const char *dir, struct stock *stock, size_t *synced_bytes)
{
    char log_path[PATH_BYTES], *mark_path = tempdir_path(dir, "mark");
    size_t len;
    make(dir, SYNCED);
    struct log *log = openlog(dir, &large_buffer); /* begins a new log */
    struct stock more = stock_resume(log);
    assert_int_equal(stock_commit(&more, log, 100, NULL), REASON_NONE);
    *stock = more;
    char *mark = read_file(mark_path, &len);
    free(read_file(newest_log(log_path, dir), synced_bytes));
    for (unsigned i = 0; i < UNSYNCED; i++)
        assert_int_equal(stock_commit(&more, log, 60 + 100 * (i % 2), NULL), REASON_NONE);
    log_close(log);
    write_at(mark_path, 0, mark, len);
    free(mark);
    free(mark_path);
}

static void what_was_not_synced_may_be_lost_in_any_part(void **state)
{
    char *origin = tempdir_path(*state, "origin"), *trial = tempdir_path(*state, "trial");
    char log_path[PATH_BYTES];
    struct stock stock;
    size_t synced, len;
    append_unsynced(origin, &stock, &synced);
    free(read_file(newest_log(log_path, origin), &len));
    assert_true(len > synced + 1000);
    uint8_t *zeros = calloc(1, len);
    srand(1);
    for (int i = 0; i < ROUNDS; i++) {
        size_t from = synced + (size_t)rand() % (len - synced);
        size_t bytes = 1 + (size_t)rand() % (i % 3 ? 4096 : len - synced);
        copy(origin, trial);
        newest_log(log_path, trial);
        write_at(log_path, from, zeros, bytes < len - from ? bytes : len - from);
        struct log *log = openlog(trial, &large_buffer);
        assert_true(stock_check(log, stock.events) >= stock.events);
        log_close(log);
    }
    free(zeros);
    free(origin);
    free(trial);
}

static void damage_before_what_was_synced_is_left_as_it_is(void **state)
{
    char log_path[PATH_BYTES], kept_path[PATH_BYTES];
    size_t before, after;
    make(*state, SYNCED);
    newest_log(log_path, *state);
    char *log = read_file(log_path, &before);
    log[before / 10] ^= 1;
    write_at(log_path, 0, log, before);
    assert_int_equal(openlog_fault(*state, &large_buffer, &(struct error){0}), LOG_DAMAGED);
    assert_string_equal(last_file(kept_path, *state, "torn-", ""), "");
    char *same = read_file(log_path, &after);
    assert_int_equal(after, before);
    assert_memory_equal(same, log, before);
    free(same);
    free(log);
}

static void an_acknowledged_record_that_is_cut_off_is_damage_all_the_same(void **state)
{
    char log_path[PATH_BYTES];
    size_t len;
    make(*state, SYNCED);
    char *log = read_file(newest_log(log_path, *state), &len);
    log[len - 5] ^= 1;
    write_at(log_path, 0, log, len);
    assert_int_equal(openlog_fault(*state, &large_buffer, &(struct error){0}), LOG_DAMAGED);
    assert_int_equal(openlog_fault(*state, &large_buffer, &(struct error){0}), LOG_DAMAGED);
    free(log);
}

/* ---- the MANIFEST ---- */

static const char *newest_manifest(char path[PATH_BYTES], const char *dir)
{
    char *data = tempdir_path(dir, "data");
    last_file(path, data, "MANIFEST-", "");
    free(data);
    return path;
}

/* A store whose MANIFEST has many changes, each carried out: logs became tables, and are gone. */
static struct stock make_tables(const char *dir)
{
    char before[PATH_BYTES], now[PATH_BYTES];
    struct stock stock = stock_begin();
    struct log *log = openlog(dir, &openlog_small);
    for (int tables = 0; tables < 5; tables++) {
        newest_log(before, dir);
        do
            assert_int_equal(stock_commit(&stock, log, STOCK_COMMIT_MAX, NULL), REASON_NONE);
        while (strcmp(newest_log(now, dir), before) == 0);
    }
    assert_int_equal(stock_commit(&stock, log, 100, NULL), REASON_NONE);
    log_close(log);
    return stock;
}

/* How many files of the directory's are gone in the other. */
static unsigned missing_in(const char *other, const char *dir)
{
    char path[PATH_BYTES], *data = tempdir_path(dir, "data");
    unsigned missing = 0;
    DIR *d = opendir(data);
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d));) {
        snprintf(path, sizeof path, "%s/data/%s", other, entry->d_name);
        missing += access(path, F_OK) != 0;
    }
    closedir(d);
    free(data);
    return missing;
}

/* The store with another MANIFEST opens with everything, or it does not, and is as it was. Returns whether it has opened. */
static bool opens_or_is_untouched(const char *origin, const char *manifest, size_t len,
                                  uint64_t events)
{
    char path[PATH_BYTES], *trial;
    enum log_fault fault;
    struct error error;
    assert_true(asprintf(&trial, "%s-trial", origin) > 0);
    copy(origin, trial);
    newest_manifest(path, trial);
    assert_int_equal(truncate(path, 0), 0);
    write_at(path, 0, manifest, len);
    struct log *log = log_open(trial, &openlog_small, &fault, &error);
    bool opened = log != NULL;
    if (opened) {
        assert_int_equal(stock_check(log, events), events);
        log_close(log);
    } else {
        assert_int_equal(fault, LOG_DAMAGED);
        assert_int_equal(missing_in(trial, origin), 0);
    }
    tempdir_remove(trial);
    return opened;
}

/* hazards 3 */
static void a_manifest_that_is_there_in_pieces_is_cut_off_and_kept(void **state)
{
    char path[PATH_BYTES];
    uint8_t tail[HEADER_BYTES + 100] = {1, 2, 3, 4, 100, 0, 1, 'x'};
    struct stock stock = make_tables(*state);
    size_t before;
    free(read_file(newest_manifest(path, *state), &before));
    write_at(path, before, tail, sizeof tail);
    cut_off_and_kept(*state, &openlog_small, &stock, "torn-MANIFEST-", tail, sizeof tail);
}

/* hazards 3 */
static void a_bit_of_the_manifest_that_flips_removes_no_table(void **state)
{
    char path[PATH_BYTES], *origin = tempdir_path(*state, "origin");
    size_t len;
    struct stock stock = make_tables(origin);
    char *manifest = read_file(newest_manifest(path, origin), &len);
    size_t step = len / FLIPS + 1;
    assert_true(opens_or_is_untouched(origin, manifest, len, stock.events));
    for (size_t at = step / 2; at < len; at += step) {
        manifest[at] ^= 0x10;
        opens_or_is_untouched(origin, manifest, len, stock.events);
        manifest[at] ^= 0x10;
    }
    free(manifest);
    free(origin);
}

/* hazards 3 */
static void a_manifest_that_has_lost_changes_removes_no_table(void **state)
{
    char path[PATH_BYTES], *origin = tempdir_path(*state, "origin");
    size_t len, changes = 0;
    struct stock stock = make_tables(origin);
    char *manifest = read_file(newest_manifest(path, origin), &len);
    struct logwalk walk;
    logwalk_begin(&walk, (const uint8_t *)manifest, len);
    for (size_t before = 0; logwalk_next(&walk) != LOGWALK_NONE; before = walk.at, changes++) {
        opens_or_is_untouched(origin, manifest, before, stock.events);
        opens_or_is_untouched(origin, manifest, (before + walk.at) / 2, stock.events);
    }
    assert_true(walk.at == len && changes > 5);
    free(manifest);
    free(origin);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, openlog_setup, openlog_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_append_that_is_there_in_pieces_is_cut_off_and_kept),
        TEST(it_is_also_where_a_start_was_interrupted),
        TEST(what_was_not_synced_may_be_lost_in_any_part),
        TEST(damage_before_what_was_synced_is_left_as_it_is),
        TEST(an_acknowledged_record_that_is_cut_off_is_damage_all_the_same),
        TEST(a_manifest_that_is_there_in_pieces_is_cut_off_and_kept),
        TEST(a_bit_of_the_manifest_that_flips_removes_no_table),
        TEST(a_manifest_that_has_lost_changes_removes_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
