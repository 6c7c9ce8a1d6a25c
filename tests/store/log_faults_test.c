/*
 * The log on a disk that fails: the Nth write, the Nth sync, no room. Nothing acknowledged is lost, reads go on, and writes come back.
 */
#include "store/log.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "stock.h"
#include "store/keys.h"
#include "tests/lib/faults.h"
#include "tests/lib/openlog.h"
#include "tests/lib/tempdir.h"

enum { BUFFER = 1 << 16, COMMIT = 40, COMMITS = 60 };

static struct log *must_open(const char *dir, size_t ballast)
{
    const struct log_options options = {.create = true,
                                        .write_buffer_bytes = BUFFER,
                                        .file_bytes = 1 << 20,
                                        .ballast_bytes = ballast};
    return openlog(dir, &options);
}

/* Commit until the fault is met: then the outcome is unknown, and the reason says whether it was room that lacked. */
static bool commit_until_fault(struct stock *stock, struct log *log, unsigned commits, int code)
{
    struct error error;
    for (unsigned i = 0; i < commits; i++) {
        enum reason reason = stock_commit(stock, log, COMMIT, &error);
        if (reason == REASON_NONE)
            continue;
        assert_int_equal(reason, code == ENOSPC ? REASON_STORE_FULL : REASON_STORE_UNAVAILABLE);
        assert_true(error.maybe_applied);
        return true;
    }
    return false;
}

static void expect_refusal(struct stock *stock, struct log *log)
{
    struct error error;
    for (int i = 0; i < 3; i++) {
        enum reason reason = stock_commit(stock, log, COMMIT, &error);
        assert_true(reason == REASON_STORE_FULL || reason == REASON_STORE_UNAVAILABLE);
        assert_false(error.maybe_applied);
    }
}

/* What must hold after a failed write; ends with a log that writes again. */
static void recover(struct stock *stock, struct log *log)
{
    struct error error;
    expect_refusal(stock, log);
    stock_check(log, stock->events);
    assert_int_not_equal(log_reopen(log, &error), REASON_NONE);
    stock_check(log, stock->events);
    faults_clear();
    expect_refusal(stock, log); /* that the disk is well again is not enough */
    assert_int_equal(log_reopen(log, &error), REASON_NONE);
    struct stock found = stock_resume(log);
    assert_true(found.events == stock->events || found.events == stock->events + COMMIT);
    assert_int_equal(log_end(log).last_number, found.number);
    *stock = found;
    assert_false(commit_until_fault(stock, log, 20, 0));
}

/* Commits, the nth call fails, recovery, commits, and what the next process finds. false: there were fewer calls. */
static bool fault_round(enum fault fault, unsigned nth, int code)
{
    char *dir = tempdir_new();
    struct log *log = must_open(dir, 4096);
    struct stock stock = stock_begin();
    assert_false(commit_until_fault(&stock, log, 3, 0));
    faults_arm(fault, nth, code);
    if (commit_until_fault(&stock, log, COMMITS, code))
        recover(&stock, log);
    bool hit = faults_hit();
    faults_clear();
    log_close(log);
    log = must_open(dir, 4096);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    log_close(log);
    tempdir_remove(dir);
    return hit;
}

/* The first calls one by one, then with growing steps, until the run is over before the nth. */
static void fault_rounds(enum fault fault, int code)
{
    unsigned nth = 1, rounds = 0;
    for (; fault_round(fault, nth, code); rounds++)
        nth += 1 + nth / 4;
    assert_true(rounds > 10);
}

/* semantics 8; hazards 1 */
static void no_write_that_fails_loses_what_was_acknowledged(void **state)
{
    (void)state;
    fault_rounds(FAULT_WRITE, ENOSPC);
    fault_rounds(FAULT_WRITE, EIO);
}

/* semantics 8; hazards 1 */
static void no_write_that_is_cut_short_loses_what_was_acknowledged(void **state)
{
    (void)state;
    fault_rounds(FAULT_SHORT_WRITE, ENOSPC);
}

/* semantics 8; hazards 2 */
static void no_sync_that_fails_loses_what_was_acknowledged(void **state)
{
    (void)state;
    fault_rounds(FAULT_SYNC, EIO);
}

/* semantics 8; hazards 2 */
static void what_is_written_in_one_step_is_synced_in_that_step(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    struct log *log = must_open(dir, 4096);
    struct log_batch *batch = log_batch_new();
    struct error error;
    struct key key = key_event_id((struct span){(const uint8_t *)"an id", 5});
    log_batch_put(batch, key_span(&key), key_span(&key));
    faults_arm(FAULT_SYNC, 1, EIO);
    assert_int_equal(log_write(log, batch, &error), REASON_STORE_UNAVAILABLE);
    assert_true(error.maybe_applied && faults_hit());
    faults_clear();
    assert_int_equal(log_reopen(log, &error), REASON_NONE);
    assert_int_equal(log_write(log, batch, &error), REASON_NONE);
    log_batch_free(batch);
    log_close(log);
    tempdir_remove(dir);
}

/* ---- readers meanwhile ---- */

struct reader {
    struct log *log;
    atomic_bool stop;
    atomic_uint rounds;
};

/* Reads all the time, with an iterator open, and through log_get with that iterator open. */
static void *reader_run(void *arg)
{
    struct reader *reader = arg;
    while (!atomic_load(&reader->stop)) {
        struct key from = key_record(0),
                   id = key_event_id((struct span){(const uint8_t *)"any text 0/2", 12});
        struct log_iter *iter = log_iter_open(reader->log, LOG_READ);
        if (!iter)
            abort();
        struct bytes *value = NULL;
        log_iter_seek(iter, key_span(&from));
        if (!log_iter_valid(iter) ||
            log_get(reader->log, key_span(&id), &value, NULL) != REASON_NONE || !value)
            abort();
        bytes_unref(value);
        log_iter_close(iter);
        atomic_fetch_add(&reader->rounds, 1);
    }
    return NULL;
}

/* semantics 8; hazards 4 */
static void reopening_waits_for_the_readers_and_they_for_it(void **state)
{
    (void)state;
    char *dir = tempdir_new();
    struct log *log = must_open(dir, 4096);
    struct stock stock = stock_begin();
    struct error error;
    assert_false(commit_until_fault(&stock, log, 3, 0));
    struct reader reader = {.log = log};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &reader), 0);
    for (unsigned round = 0; round < 20; round++) {
        unsigned seen = atomic_load(&reader.rounds);
        faults_arm(FAULT_SYNC, 1, EIO);
        assert_true(commit_until_fault(&stock, log, 1, EIO));
        faults_clear();
        while (atomic_load(&reader.rounds) < seen + 4) /* the old handle still serves */
            sched_yield();
        assert_int_equal(log_reopen(log, &error), REASON_NONE);
        stock = stock_resume(log);
        assert_false(commit_until_fault(&stock, log, 2, 0));
    }
    atomic_store(&reader.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    log_close(log);
    tempdir_remove(dir);
}

/* hazards 1 */
static void a_store_that_cannot_open_again_says_so_and_comes_back(void **state)
{
    (void)state;
    char *dir = tempdir_new(), *current = NULL, *hidden = NULL, *lock = NULL;
    struct log *log = must_open(dir, 4096);
    struct stock stock = stock_begin();
    struct error error;
    assert_true(asprintf(&current, "%s/data/CURRENT", dir) > 0 &&
                asprintf(&lock, "%s/data/LOCK", dir) > 0 &&
                asprintf(&hidden, "%s/data/HIDDEN", dir) > 0);
    assert_false(commit_until_fault(&stock, log, 3, 0));
    faults_arm(FAULT_WRITE, 1, EIO);
    assert_true(commit_until_fault(&stock, log, 1, EIO));
    faults_clear();
    struct bytes *value;
    struct key key = key_record(1);
    for (int damaged = 0; damaged < 2; damaged++) { /* a LOCK that is no file; no CURRENT */
        enum reason reason = damaged ? REASON_CORRUPT : REASON_STORE_UNAVAILABLE;
        char *file = damaged ? current : lock;
        assert_int_equal(rename(file, hidden), 0);
        assert_int_equal(damaged ? 0 : mkdir(lock, 0700), 0);
        assert_int_equal(log_reopen(log, &error), reason);
        assert_null(log_iter_open(log, LOG_READ));
        assert_int_equal(log_get(log, key_span(&key), &value, &error), reason);
        assert_int_not_equal(stock_commit(&stock, log, 1, &error), REASON_NONE);
        assert_int_equal(damaged ? 0 : rmdir(lock), 0);
        assert_int_equal(rename(hidden, file), 0);
    }
    assert_int_equal(log_reopen(log, &error), REASON_NONE);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    log_close(log);
    free(current);
    free(lock);
    free(hidden);
    tempdir_remove(dir);
}

/* ---- a real file system without room ---- */

enum { DISK_BYTES = 16 << 20, BALLAST = 2 << 20 };
static bool may_mount;

static void fill(const char *dir)
{
    static const char zero[4096];
    char name[4096];
    snprintf(name, sizeof name, "%s/filler", dir);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    setbuf(file, NULL);
    while (fwrite(zero, sizeof zero, 1, file) == 1) {
    }
    fclose(file);
}

static void empty(const char *dir)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/filler", dir);
    assert_int_equal(remove(name), 0);
}

static int disk_setup(void **state)
{
    char options[32];
    char *dir = tempdir_new();
    *state = dir;
    snprintf(options, sizeof options, "size=%d", DISK_BYTES);
    may_mount = mount("tmpfs", dir, "tmpfs", 0, options) == 0;
    return 0;
}

static int disk_teardown(void **state)
{
    if (may_mount)
        umount2(*state, MNT_DETACH);
    tempdir_remove(*state);
    return 0;
}

static void the_store_on(const char *disk, char store[4096])
{
    if (!may_mount)
        skip(); /* no namespaces here: the faults above stand for the disk */
    snprintf(store, 4096, "%s/store", disk);
}

/* semantics 8; hazards 1 */
static void a_full_disk_loses_nothing_and_writes_come_back_with_room(void **state)
{
    char store[4096];
    struct error error;
    the_store_on(*state, store);
    struct log *log = must_open(store, 4096);
    struct stock stock = stock_begin();
    for (int episode = 0; episode < 3; episode++) {
        assert_false(commit_until_fault(&stock, log, 10, 0));
        fill(*state);
        assert_true(commit_until_fault(&stock, log, 1000, ENOSPC));
        stock_check(log, stock.events);
        assert_int_equal(log_reopen(log, &error), REASON_STORE_FULL);
        stock_check(log, stock.events);
        empty(*state);
        expect_refusal(&stock, log);
        assert_int_equal(log_reopen(log, &error), REASON_NONE);
        struct stock found = stock_resume(log);
        assert_true(found.events >= stock.events);
        stock = found;
    }
    log_close(log);
    log = must_open(store, 4096);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    log_close(log);
}

/* semantics 8; hazards 1 */
static void the_ballast_is_room_to_open_again(void **state)
{
    char store[4096], ballast[4200];
    struct error error;
    the_store_on(*state, store);
    snprintf(ballast, sizeof ballast, "%s/ballast", store);
    struct log *log = must_open(store, BALLAST);
    struct stock stock = stock_begin();
    assert_int_equal(access(ballast, F_OK), 0);
    assert_false(commit_until_fault(&stock, log, 10, 0));
    fill(*state);
    assert_true(commit_until_fault(&stock, log, 1000, ENOSPC));
    assert_int_equal(log_reopen(log, &error), REASON_NONE);
    assert_int_equal(access(ballast, F_OK), -1); /* there is no room for another */
    stock = stock_resume(log);
    assert_true(commit_until_fault(&stock, log, 10000, ENOSPC));
    empty(*state);
    assert_int_equal(log_reopen(log, &error), REASON_NONE);
    assert_int_equal(access(ballast, F_OK), 0);
    stock_check(log, stock.events);
    log_close(log);
}

/* hazards 1 */
static void a_start_on_a_full_disk_uses_the_ballast_or_says_full(void **state)
{
    char store[4096];
    struct error error;
    enum log_fault fault;
    the_store_on(*state, store);
    struct log *log = must_open(store, BALLAST);
    struct stock stock = stock_begin();
    assert_false(commit_until_fault(&stock, log, 10, 0));
    log_close(log);
    fill(*state);
    log = must_open(store, BALLAST);
    stock_check(log, stock.events);
    assert_false(commit_until_fault(&stock, log, 5, 0));
    log_close(log);
    fill(*state);
    const struct log_options options = {.write_buffer_bytes = BUFFER};
    assert_null(log_open(store, &options, &fault, &error));
    assert_int_equal(fault, LOG_FULL);
    assert_non_null(strstr(error.message, "make room"));
    empty(*state);
    log = must_open(store, BALLAST);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    log_close(log);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)

int main(void)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        perror("no mount namespace of our own: the tests of a full disk are skipped");
    else
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_write_that_fails_loses_what_was_acknowledged),
        cmocka_unit_test(no_write_that_is_cut_short_loses_what_was_acknowledged),
        cmocka_unit_test(no_sync_that_fails_loses_what_was_acknowledged),
        cmocka_unit_test(what_is_written_in_one_step_is_synced_in_that_step),
        cmocka_unit_test(reopening_waits_for_the_readers_and_they_for_it),
        cmocka_unit_test(a_store_that_cannot_open_again_says_so_and_comes_back),
        DISK_TEST(a_full_disk_loses_nothing_and_writes_come_back_with_room),
        DISK_TEST(the_ballast_is_room_to_open_again),
        DISK_TEST(a_start_on_a_full_disk_uses_the_ballast_or_says_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
