/*
 * sampler_test.c - what LevelDB and the disk say of themselves.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "store/procfs.h"
#include "store/sampler.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

static const char HEAD[] = "                               Compactions\n"
                           "Level  Files Size(MB) Time(sec) Read(MB) Write(MB)\n"
                           "--------------------------------------------------\n";

static bool read_stats(const char *levels, struct metrics *metrics)
{
    char text[1024];
    *metrics = (struct metrics){0};
    snprintf(text, sizeof text, "%s%s", HEAD, levels);
    return sampler_read_stats(text, metrics);
}

static void the_table_of_levels_is_read(void **state)
{
    (void)state;
    struct metrics m;
    assert_true(read_stats("  0        2       31         1        0        62\n"
                           "  2       10      160        12      300       310\n",
                           &m));
    assert_int_equal(m.level_files[0], 2);
    assert_int_equal(m.level_bytes[0], 31 << 20);
    assert_int_equal(m.level_files[1], 0);
    assert_int_equal(m.level_files[2], 10);
    assert_int_equal(m.compaction_seconds[2], 12);
    assert_int_equal(m.compaction_read_bytes[2], 300 << 20);
    assert_int_equal(m.compaction_written_bytes[2], 310 << 20);
    assert_true(read_stats("", &m)); /* a new store */
}

static void what_is_no_such_table_is_told(void **state)
{
    (void)state;
    struct metrics m = {0};
    assert_false(sampler_read_stats("", &m));
    assert_false(sampler_read_stats("no table", &m));
    assert_false(read_stats("  7        2       31         1        0        62\n", &m));
    assert_false(read_stats("  0        2       31\n", &m));
}

/* More than a memtable, so that there are tables on disk. */
static void fill(struct log *log)
{
    static uint8_t value[100000];
    struct log_batch *batch = log_batch_new();
    struct error error;
    for (int i = 0; i < 40; i++) {
        char key[8];
        snprintf(key, sizeof key, "x%d", i);
        for (size_t k = 0; k < sizeof value; k++)
            value[k] = (uint8_t)(k * (unsigned)i * 2654435761u >> 13);
        log_batch_put(batch, text_span(key), (struct span){value, sizeof value});
        assert_int_equal(log_write(log, batch, &error), REASON_NONE);
        log_batch_clear(batch);
    }
    log_batch_free(batch);
}

static void the_disk_and_leveldb_are_known_once_asked(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    enum log_fault fault;
    struct error error;
    struct log_options options = {
        .create = true, .ballast_bytes = 4096, .write_buffer_bytes = 1 << 20};
    struct log *log = log_open(dir, &options, &fault, &error);
    struct readers *readers = readers_open(1);
    struct sampler *sampler = sampler_open(log, dir, readers);
    struct metrics m = {0};
    fill(log);
    sampler_take(sampler, 60000, &m);
    assert_int_equal(m.disk_known, 1);
    assert_true(m.disk_bytes >= m.disk_free_bytes && m.disk_free_bytes > 0);
    assert_int_equal(m.leveldb_known, 1);
    assert_true(m.leveldb_memory_bytes > 0);
    uint64_t files = 0;
    for (int level = 0; level < METRICS_LEVELS; level++)
        files += m.level_files[level];
    assert_true(files > 0);
    sampler_close(sampler);
    readers_close(readers);
    log_close(log);
    tempdir_remove(dir);
}

/* ---- a reader thread that hangs ---- */

static pthread_mutex_t hang = PTHREAD_MUTEX_INITIALIZER;

static void wait_for_hang(struct readers_job *job)
{
    (void)job;
    pthread_mutex_lock(&hang);
    pthread_mutex_unlock(&hang);
}

static void a_disk_that_hangs_is_not_waited_for(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    enum log_fault fault;
    struct error error;
    struct log_options options = {.create = true, .ballast_bytes = 4096};
    struct log *log = log_open(dir, &options, &fault, &error);
    struct readers *readers = readers_open(1);
    struct sampler *sampler = sampler_open(log, dir, readers);
    struct readers_job job = {.run = wait_for_hang};
    struct metrics m = {0};
    pthread_mutex_lock(&hang);
    readers_submit(readers, &job);
    sampler_take(sampler, 1, &m);
    assert_int_equal(m.disk_known, 0);
    sampler_take(sampler, 1, &m); /* the same look, still under way */
    assert_int_equal(m.leveldb_known, 0);
    pthread_mutex_unlock(&hang);
    sampler_take(sampler, 60000, &m);
    assert_int_equal(m.disk_known, 1);
    sampler_close(sampler);
    readers_close(readers);
    log_close(log);
    tempdir_remove(dir);
}

static void the_process_is_known(void **state)
{
    (void)state;
    struct metrics m = {0}, later = {0};
    procfs_take(&m);
    assert_int_equal(m.process_known, 1);
    assert_in_range(m.threads, 1, 16);
    assert_true(m.resident_bytes > 100000 && m.virtual_bytes > m.resident_bytes);
    uint64_t now_us = (uint64_t)time(NULL) * 1000000;
    assert_in_range(m.start_us, now_us - 3600ull * 1000000, now_us + 2000000);
    FILE *file = fopen("/dev/null", "re");
    procfs_take(&later);
    fclose(file);
    assert_int_equal(later.open_fds, m.open_fds + 1);
    assert_true(later.cpu_us >= m.cpu_us && later.max_fds > later.open_fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_levels_is_read),
        cmocka_unit_test(what_is_no_such_table_is_told),
        cmocka_unit_test(the_disk_and_leveldb_are_known_once_asked),
        cmocka_unit_test(a_disk_that_hangs_is_not_waited_for),
        cmocka_unit_test(the_process_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
