/*
 * LevelDB's log, held from outside: the file that is synced is the one that was written, and an append never begins a new one.
 */
#include "store/wal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store/keys.h"
#include "store/log.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

static void append(int dir_fd, const char *name, size_t bytes)
{
    static const char data[4096];
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    close(fd);
}

static void the_file_that_has_grown_by_the_write_is_the_one_that_is_synced(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    struct wal wal;
    assert_int_equal(wal_open(&wal, dir), 0);
    assert_null(wal_follow(&wal, 1, 1)); /* there is none */
    append(wal.dir_fd, "000003.log", 100);
    append(wal.dir_fd, "000005.log", 50);
    append(wal.dir_fd, "000009.ldb", 100);
    append(wal.dir_fd, "LOG", 100);
    struct wal_file *first = wal_follow(&wal, 50, 1);
    assert_non_null(first);
    assert_int_equal(wal.number, 5);
    assert_null(wal_follow(&wal, 1, 1)); /* not since then */
    append(wal.dir_fd, "000005.log", 10);
    struct wal_file *same = wal_follow(&wal, 10, 1);
    assert_ptr_equal(same, first);
    append(wal.dir_fd, "000012.log", 10);
    struct wal_file *next = wal_follow(&wal, 10, 7);
    assert_non_null(next);
    assert_ptr_not_equal(next, first);
    assert_int_equal(wal.held, 7); /* of the new file's buffer alone */
    assert_int_equal(unlinkat(wal.dir_fd, "000005.log", 0), 0);
    assert_int_equal(wal_sync(first),
                     0); /* LevelDB is done with it; whoever waits for its sync is not */
    assert_int_equal(wal_sync(next), 0);
    wal_unref(first);
    wal_unref(same);
    wal_close(&wal);
    assert_int_equal(wal_sync(next), 0);
    wal_unref(next);
    tempdir_remove(dir);
}

/* ---- against LevelDB itself ---- */

enum { BUFFER = 1 << 20, VALUE_MAX = 1 << 20 };

static uint64_t newest_log(const char *store)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/data", store);
    DIR *dir = opendir(name);
    assert_non_null(dir);
    uint64_t newest = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        uint64_t number = strtoull(entry->d_name, NULL, 10);
        if (strstr(entry->d_name, ".log") && number > newest)
            newest = number;
    }
    closedir(dir);
    return newest;
}

/* A batch of some entries whose values have up to so many bytes. */
static void fill(struct log_batch *batch, unsigned entries, size_t value_max)
{
    static const uint8_t value[VALUE_MAX];
    log_batch_clear(batch);
    for (unsigned i = 0; i < entries; i++) {
        char text[64];
        snprintf(text, sizeof text, "key %d %d", rand(), rand());
        struct key key = key_event_id(text_span(text));
        size_t len = value_max > 2000 ? value_max : 1 + (size_t)rand() % value_max;
        log_batch_put(batch, key_span(&key), (struct span){value, len});
    }
}

/* Write until LevelDB has begun a few new logs. Returns how many writes had to be synced within. */
static unsigned write_through(struct log *log, const char *dir, unsigned entries, size_t value_max,
                              unsigned *writes)
{
    struct log_batch *batch = log_batch_new();
    struct error error;
    unsigned synced = 0;
    uint64_t log_number = newest_log(dir);
    for (unsigned begun = 0; begun < 4; ++*writes) {
        struct log_appended appended = {0};
        bool must = !log_may_append(log);
        fill(batch, entries, value_max);
        enum reason reason =
            must ? log_write(log, batch, &error) : log_append(log, batch, &appended, &error);
        assert_int_equal(reason, REASON_NONE);
        uint64_t now = newest_log(dir);
        if (now != log_number)
            assert_true(must); /* else a power cut could leave a hole before the new file */
        begun += now != log_number;
        log_number = now;
        synced += must;
        log_appended_end(&appended);
    }
    log_batch_free(batch);
    return synced;
}

/* hazards 2 */
static void leveldb_never_begins_a_new_log_in_a_write_that_is_not_synced(void **state)
{
    (void)state;
    static const struct {
        unsigned entries;
        size_t value_max;
    } shapes[] = {{1, 40}, {100, 40}, {30, 300}, {10, 900}, {3, 1024}, {2, 16384}, {1, VALUE_MAX}};
    const struct log_options options = {
        .create = true, .write_buffer_bytes = BUFFER, .ballast_bytes = 4096};
    srand(2);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        enum log_fault fault;
        struct error error;
        char *dir = tempdir_new();
        struct log *log = log_open(dir, &options, &fault, &error);
        assert_non_null(log);
        unsigned writes = 0;
        unsigned synced = write_through(log, dir, shapes[i].entries, shapes[i].value_max, &writes);
        assert_true(writes < 40 || synced < writes / 5); /* the count is not idly generous */
        log_close(log);
        tempdir_remove(dir);
    }
}

/* hazards 2 */
static void when_leveldbs_log_is_not_where_it_should_be_leveldb_syncs(void **state)
{
    (void)state;
    const struct log_options options = {.create = true, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    char *dir = tempdir_new(), hidden[4096], data[4096];
    struct log *log = log_open(dir, &options, &fault, &error);
    struct log_batch *batch = log_batch_new();
    struct log_appended appended;
    assert_non_null(log);
    log_close(log);
    log = log_open(dir, &options, &fault, &error); /* nothing has been written since */
    assert_non_null(log);
    snprintf(data, sizeof data, "%s/data/%06llu.log", dir, (unsigned long long)newest_log(dir));
    snprintf(hidden, sizeof hidden, "%s/data/hidden", dir);
    fill(batch, 1, 100);
    assert_int_equal(rename(data, hidden), 0);
    assert_true(log_may_append(log));
    assert_int_equal(log_append(log, batch, &appended, &error), REASON_STORE_UNAVAILABLE);
    assert_true(error.maybe_applied);
    assert_int_equal(log_write(log, batch, &error), REASON_STORE_UNAVAILABLE);
    assert_false(error.maybe_applied);
    assert_int_equal(rename(hidden, data), 0);
    assert_int_equal(log_reopen(log, &error), REASON_NONE);
    assert_false(log_may_append(log));
    assert_int_equal(log_write(log, batch, &error), REASON_NONE);
    log_batch_free(batch);
    log_close(log);
    tempdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_that_has_grown_by_the_write_is_the_one_that_is_synced),
        cmocka_unit_test(leveldb_never_begins_a_new_log_in_a_write_that_is_not_synced),
        cmocka_unit_test(when_leveldbs_log_is_not_where_it_should_be_leveldb_syncs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
