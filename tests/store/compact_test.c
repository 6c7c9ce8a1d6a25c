/*
 * Compaction on demand: space comes back, nothing is lost, and no file of LevelDB's log is begun before everything is synced.
 */
#include "store/log_compact.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "stock.h"
#include "store/wal.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

enum { MIB = 1 << 20, KEYS = 500, VALUE_BYTES = 16 * 1024 };

struct fixture {
    char *dir;
    struct log *log;
};

static int up(void **state)
{
    static const struct log_options options = {
        .create = true, .write_buffer_bytes = MIB, .file_bytes = MIB, .ballast_bytes = 4096};
    struct fixture *f = calloc(1, sizeof *f);
    enum log_fault fault;
    struct error error;
    f->dir = tempdir_new();
    f->log = log_open(f->dir, &options, &fault, &error);
    if (!f->log)
        fail_msg("%s", error.message);
    *state = f;
    return 0;
}

static int down(void **state)
{
    struct fixture *f = *state;
    log_close(f->log);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static uint64_t newest_log(struct fixture *f)
{
    char *data = tempdir_path(f->dir, "data"), name[WAL_NAME_BYTES];
    DIR *dir = opendir(data);
    assert_non_null(dir);
    uint64_t number = wal_newest(dirfd(dir), UINT64_MAX, name);
    closedir(dir);
    free(data);
    return number;
}

/* Values that differ from round to round, under the same keys. */
static void put_all(struct fixture *f, unsigned round)
{
    static uint8_t value[VALUE_BYTES];
    struct log_batch *batch = log_batch_new();
    for (unsigned i = 0; i < KEYS; i++) {
        char id[32];
        snprintf(id, sizeof id, "key %u", i * 7919 % KEYS);
        struct key key = key_event_id(text_span(id));
        memset(value, (int)(round + i), sizeof value);
        log_batch_clear(batch);
        log_batch_put(batch, key_span(&key), (struct span){value, sizeof value});
        assert_int_equal(log_write(f->log, batch, NULL), REASON_NONE);
    }
    log_batch_free(batch);
}

static void assert_all_there(struct fixture *f, unsigned round)
{
    for (unsigned i = 0; i < KEYS; i++) {
        char id[32];
        struct error error;
        struct bytes *value = NULL;
        snprintf(id, sizeof id, "key %u", i * 7919 % KEYS);
        struct key key = key_event_id(text_span(id));
        assert_int_equal(log_get(f->log, key_span(&key), &value, &error), REASON_NONE);
        assert_non_null(value);
        assert_int_equal(value->len, VALUE_BYTES);
        assert_int_equal(value->data[0], (uint8_t)(round + i));
        bytes_unref(value);
    }
}

/* To its end; the number of pieces. */
static unsigned compact(struct fixture *f, uint64_t piece_bytes, uint64_t *done)
{
    struct log_compaction compaction;
    struct error error = {0};
    unsigned pieces = 0;
    int more;
    log_compact_begin(&compaction, f->log);
    compaction.piece_bytes = piece_bytes;
    do {
        more = log_compact_step(&compaction, &error);
        pieces++;
    } while (more == 1);
    if (more < 0)
        fail_msg("%s", error.message);
    *done = compaction.done;
    return pieces;
}

static void what_was_replaced_gives_back_its_space(void **state)
{
    struct fixture *f = *state;
    uint64_t done;
    for (unsigned round = 0; round < 4; round++)
        put_all(f, round);
    compact(f, LOG_COMPACT_BYTES, &done);
    assert_in_range(log_table_bytes(f->log), KEYS * VALUE_BYTES, KEYS * VALUE_BYTES * 11 / 10);
    assert_all_there(f, 3);
}

static void it_goes_piece_by_piece_over_everything(void **state)
{
    struct fixture *f = *state;
    uint64_t done;
    put_all(f, 0);
    compact(f, LOG_COMPACT_BYTES, &done);
    uint64_t bytes = log_table_bytes(f->log);
    unsigned pieces = compact(f, MIB, &done);
    assert_in_range(pieces, bytes / MIB, 4 * bytes / MIB);
    assert_in_range(done, bytes / 2, bytes * 2);
    assert_all_there(f, 0);
}

static void an_empty_store_is_one_piece(void **state)
{
    struct fixture *f = *state;
    uint64_t done;
    assert_int_equal(compact(f, MIB, &done), 1);
}

/* ---- beside a writer ---- */

struct beside {
    struct fixture *f;
    atomic_bool stop, ended;
    unsigned rounds;
};

static void *compact_once(void *arg)
{
    struct beside *b = arg;
    uint64_t done;
    compact(b->f, LOG_COMPACT_BYTES, &done);
    atomic_store(&b->ended, true);
    return NULL;
}

static struct log_appended append_one(struct fixture *f, const char *id)
{
    struct log_batch *batch = log_batch_new();
    struct log_appended appended;
    struct error error;
    struct key key = key_event_id(text_span(id));
    log_batch_put(batch, key_span(&key), text_span("value"));
    assert_true(log_may_append(f->log));
    assert_int_equal(log_append(f->log, batch, &appended, &error), REASON_NONE);
    log_batch_free(batch);
    return appended;
}

/* hazards 2 */
static void no_new_log_is_begun_while_something_is_not_synced(void **state)
{
    enum { LOOKS = 3000 };
    struct fixture *f = *state;
    struct beside b = {.f = f};
    struct error error;
    pthread_t thread;
    struct log_appended first = append_one(f, "first");
    uint64_t number = newest_log(f);
    assert_int_equal(pthread_create(&thread, NULL, compact_once, &b), 0);
    while (log_may_append(f->log)) { /* until it waits */
        struct log_batch *batch = log_batch_new();
        struct log_appended more;
        assert_int_equal(log_append(f->log, batch, &more, &error), REASON_NONE);
        log_appended_end(&more);
        log_batch_free(batch);
        sched_yield();
    }
    for (int i = 0; i < LOOKS; i++) {
        assert_int_equal(newest_log(f), number);
        assert_false(atomic_load(&b.ended));
        sched_yield();
    }
    assert_int_equal(log_sync(f->log, &first, &error), REASON_NONE);
    log_appended_end(&first);
    pthread_join(thread, NULL);
    assert_true(newest_log(f) > number);
    first = append_one(f, "second"); /* as before */
    assert_int_equal(log_sync(f->log, &first, &error), REASON_NONE);
    log_appended_end(&first);
}

static void *compact_on(void *arg)
{
    struct beside *b = arg;
    uint64_t done;
    while (!atomic_load(&b->stop)) {
        compact(b->f, MIB, &done);
        b->rounds++;
    }
    return NULL;
}

static void what_is_written_meanwhile_is_there(void **state)
{
    enum { COMMITS = 400, EVENTS = 20 };
    struct fixture *f = *state;
    struct beside b = {.f = f};
    struct stock stock = stock_begin();
    struct error error;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, compact_on, &b), 0);
    for (int i = 0; i < COMMITS; i++)
        if (stock_commit(&stock, f->log, EVENTS, &error) != REASON_NONE)
            fail_msg("%s", error.message);
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    assert_true(b.rounds > 0);
    assert_int_equal(stock_check(f->log, stock.events), stock.events);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_replaced_gives_back_its_space, up, down),
        cmocka_unit_test_setup_teardown(it_goes_piece_by_piece_over_everything, up, down),
        cmocka_unit_test_setup_teardown(an_empty_store_is_one_piece, up, down),
        cmocka_unit_test_setup_teardown(no_new_log_is_begun_while_something_is_not_synced, up,
                                        down),
        cmocka_unit_test_setup_teardown(what_is_written_meanwhile_is_there, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
