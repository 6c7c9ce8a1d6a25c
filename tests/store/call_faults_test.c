/*
 * call_faults_test.c - each call to the system that opening, writing and committing make fails in turn: the right error, nothing lost, and once the
 * system is well everything goes on.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "committer.h"
#include "stock.h"
#include "store/wal.h"
#include "tests/lib/allocs.h"
#include "tests/lib/calls.h"
#include "tests/lib/tempdir.h"

enum { CALLS_MAX = 100 };

static const struct log_options options = {
    .create = true, .write_buffer_bytes = 1 << 16, .ballast_bytes = 4096};

static int dir_setup(void **state)
{
    *state = tempdir_new();
    return 0;
}

static int dir_teardown(void **state)
{
    tempdir_remove(*state);
    return 0;
}

/* ---- opening ---- */

/* An opening in which the nth call of a kind fails; then one in which none does. false: there were fewer. */
static bool open_with_a_failing_call(const char *dir, enum call call, long nth, int code,
                                     struct stock *stock)
{
    enum log_fault fault;
    struct error error = {0};
    calls_arm(call, nth, code);
    struct log *log = log_open(dir, &options, &fault, &error);
    calls_disarm();
    if (!log) {
        assert_true(calls_hit() && error.message[0]);
        assert_true(fault == (code == ENOSPC ? LOG_FULL : LOG_FAILED)); /* and never "damaged" */
        log = log_open(dir, &options, &fault, &error);
        assert_non_null(log);
    }
    assert_int_equal(stock_check(log, stock->events), stock->events);
    assert_int_equal(stock_commit(stock, log, 20, &error), REASON_NONE);
    log_close(log);
    return calls_hit();
}

/* semantics 8 */
static void an_opening_that_fails_says_why_and_the_next_one_finds_everything(void **state)
{
    static const enum call kinds[] = {CALL_OPEN,      CALL_OPENAT,  CALL_DUP,   CALL_OPENDIR,
                                      CALL_FDOPENDIR, CALL_READ,    CALL_WRITE, CALL_FSYNC,
                                      CALL_RENAMEAT,  CALL_MKDIRAT, CALL_FLOCK, CALL_GETRANDOM};
    static const int codes[] = {EIO, ENOSPC};
    char *store = tempdir_path(*state, "store");
    struct stock stock = stock_begin();
    size_t hits = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool hit = true;
        for (long nth = 1; hit; nth++) {
            char name[32];
            assert_true(nth < CALLS_MAX);
            snprintf(name, sizeof name, "fresh-%zu-%ld", i, nth);
            char *fresh = tempdir_path(*state, name);
            struct stock none = stock_begin();
            hit = open_with_a_failing_call(fresh, kinds[i], nth, codes[nth % 2], &none);
            hit |= open_with_a_failing_call(store, kinds[i], nth, codes[nth % 2], &stock);
            hits += hit;
            free(fresh);
        }
    }
    free(store);
    assert_true(hits > 15);
}

/* The mark follows the greatest number of a whole record, in whatever order they come. */
static void the_mark_follows_the_greatest_record_of_a_batch(void **state)
{
    static const uint64_t numbers[] = {7, 5};
    const struct log_options by_default = {.create = true};
    struct log *log = log_open(*state, &by_default, &(enum log_fault){LOG_OK}, NULL);
    struct log_batch *batch = log_batch_new();
    uint64_t marked;
    assert_non_null(log);
    for (size_t i = 0; i < 2; i++) {
        uint8_t value[RECORD_HEADER_BYTES];
        struct record record = {
            .kind = RECORD_EVENTS, .count = 1, .first = i + 1, .last = i + 1, .number = numbers[i]};
        struct key key = key_record(i + 1);
        record_seal(value, &record);
        log_batch_put(batch, key_span(&key), (struct span){value, sizeof value});
    }
    struct key cut_short = key_record(9);
    log_batch_put(batch, key_span(&cut_short), text_span("x"));
    assert_int_equal(log_write(log, batch, NULL), REASON_NONE);
    assert_true(log_marked(log, &marked));
    assert_int_equal(marked, 7);
    log_batch_free(batch);
    log_close(log);
    log_close(NULL);
    log_iter_close(NULL);
}

/* ---- LevelDB's log, held from outside ---- */

static void append(const struct wal *wal, const char *name)
{
    int fd = openat(wal->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    close(fd);
}

static void a_directory_that_is_not_there_holds_no_log(void **state)
{
    struct wal wal;
    char *missing = tempdir_path(*state, "missing");
    assert_int_equal(wal_open(&wal, missing), ENOENT);
    assert_null(wal_follow(&wal, 1, 1));
    wal_close(&wal);
    free(missing);
}

/* hazards 2 */
static void a_log_that_cannot_be_held_is_not_taken_for_another(void **state)
{
    static const enum call kinds[] = {CALL_OPENAT, CALL_OPENAT, CALL_DUP, CALL_FDOPENDIR,
                                      CALL_FSTAT};
    struct wal wal;
    assert_int_equal(wal_open(&wal, *state), 0);
    append(&wal, "000003.log");
    append(
        &wal,
        "00000000000000000000000000000000000000000000000000000000000000009.log"); /* none of LevelDB's */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        calls_arm(kinds[i], i == 1 ? 2 : 1, EMFILE);
        assert_null(wal_follow(&wal, 1, 1));
        assert_true(calls_hit());
        calls_disarm();
        wal_close(&wal);
        assert_int_equal(wal_open(&wal, *state), 0);
    }
    allocs_arm(1, false);
    assert_null(wal_follow(&wal, 1, 1));
    allocs_disarm();
    struct wal_file *file = wal_follow(&wal, 1, 1);
    assert_non_null(file);
    assert_int_equal(wal.number, 3);
    calls_arm(CALL_FSYNC, 1, EIO);
    assert_int_equal(wal_sync(file), EIO);
    calls_disarm();
    wal_unref(file);
    wal_close(&wal);
}

/* ---- the committer ---- */

static void a_committer_that_gets_no_thread_says_so(void **state)
{
    struct fixture *f = *state;
    const struct commit_options with = committer_options(f);
    struct error error = {0};
    commit_close(f->store.commit);
    for (long nth = 1; nth <= 2; nth++) {
        calls_arm(CALL_THREAD, nth, EAGAIN);
        assert_null(commit_open(&f->store, &with, &error));
        assert_true(calls_hit() && error.message[0]);
        calls_disarm();
    }
    f->store.commit = commit_open(&f->store, &with, &error);
    assert_non_null(f->store.commit);
}

#define DIR_TEST(name) cmocka_unit_test_setup_teardown(name, dir_setup, dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIR_TEST(an_opening_that_fails_says_why_and_the_next_one_finds_everything),
        DIR_TEST(the_mark_follows_the_greatest_record_of_a_batch),
        DIR_TEST(a_directory_that_is_not_there_holds_no_log),
        DIR_TEST(a_log_that_cannot_be_held_is_not_taken_for_another),
        cmocka_unit_test_setup_teardown(a_committer_that_gets_no_thread_says_so, committer_setup,
                                        committer_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
