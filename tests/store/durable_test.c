/*
 * durable_test.c - commits on their way to the disk: what is synced for them, and that they wait for each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/durable.h"
#include "store/wal.h"
#include "tests/lib/faults.h"
#include "tests/lib/tempdir.h"

enum { PATIENCE_S = 60 };

struct fixture {
    char *dir, *logs;
    struct store store;
    struct durable *durable;
    struct wal wal;
    atomic_uint answers; /* of submissions */
    atomic_bool failed;
};

static void answer(void *user, struct chain *done)
{
    struct fixture *f = user;
    atomic_fetch_add(&f->answers, (unsigned)done->len);
    *done = (struct chain){0};
}

static void failed(void *user)
{
    struct fixture *f = user;
    atomic_store(&f->failed, true);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const struct log_options options = {.create = true, .ballast_bytes = 4096};
    const struct durable_options durable = {answer, failed, f};
    enum log_fault fault;
    f->dir = tempdir_new();
    f->logs = tempdir_new();
    f->store.log = log_open(f->dir, &options, &fault, NULL);
    assert_non_null(f->store.log);
    f->durable = durable_open(&f->store, &durable);
    assert_non_null(f->durable);
    assert_int_equal(wal_open(&f->wal, f->logs), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    faults_clear();
    faults_let_syncs_go();
    wal_close(&f->wal);
    durable_close(f->durable);
    log_close(f->store.log);
    tempdir_remove(f->dir);
    tempdir_remove(f->logs);
    free(f);
    return 0;
}

/* A commit of nothing, with one to be answered, that stands in the newest log of a directory of the test's own; name NULL: in none. */
static void add(struct fixture *f, const char *name, struct submission *sub, bool alone)
{
    struct written *written = calloc(1, sizeof *written);
    struct chain taken = {0};
    if (name) {
        int fd = openat(f->wal.dir_fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
        assert_int_equal(write(fd, "x", 1), 1);
        close(fd);
        written->appended.file = wal_follow(&f->wal, 1, 1);
        assert_non_null(written->appended.file);
    }
    *sub = (struct submission){0};
    chain_push(&taken, sub);
    durable_add(f->durable, written, &taken, alone);
}

static void wait_until_a_sync_is_held(void)
{
    for (time_t until = time(NULL) + PATIENCE_S; faults_syncs_held() == 0; sched_yield())
        assert_true(time(NULL) < until);
}

/* The first is being synced; behind it wait one in the same file, two in a newer one, and one in none. */
static void add_in_two_files(struct fixture *f, struct submission subs[5])
{
    faults_hold_syncs();
    add(f, "000001.log", &subs[0], false);
    wait_until_a_sync_is_held();
    add(f, "000001.log", &subs[1], false);
    add(f, "000002.log", &subs[2], false);
    add(f, NULL, &subs[3], false);
}

/* hazards 2 */
static void what_stands_in_two_files_is_synced_in_both(void **state)
{
    struct fixture *f = *state;
    struct submission subs[5];
    struct chain unknown = {0};
    struct error error;
    add_in_two_files(f, subs);
    faults_let_syncs_go();
    assert_int_equal(durable_drain(f->durable, &unknown, &error), REASON_NONE);
    assert_int_equal(atomic_load(&f->answers), 4);
    assert_null(unknown.first);
}

/* Behind the syncs of the first, of its name and of itself: that of the mark, which nobody waits for; the file again; the new one, its name and itself. */
static void when_either_file_cannot_be_synced_nothing_behind_it_is_answered(void **state)
{
    (void)state;
    for (unsigned nth = 3; nth <= 6; nth++) {
        void *own;
        setup(&own);
        struct fixture *f = own;
        struct submission subs[5];
        struct chain unknown = {0};
        struct error error;
        add_in_two_files(f, subs);
        faults_arm(FAULT_SYNC, nth, EIO);
        faults_let_syncs_go();
        assert_int_equal(durable_drain(f->durable, &unknown, &error), REASON_STORE_UNAVAILABLE);
        faults_clear();
        assert_true(atomic_load(&f->failed));
        assert_int_equal(atomic_load(&f->answers), 1);
        assert_int_equal(unknown.len, 3);
        assert_ptr_equal(unknown.first, &subs[1]);
        assert_false(durable_has_failed(f->durable));
        teardown(&own);
    }
}

static void *add_fifth(void *arg)
{
    struct fixture *f = arg;
    static struct submission fifth;
    add(f, NULL, &fifth, true); /* others are under way: it waits for them, though it may sync */
    return NULL;
}

static void so_many_may_be_under_way_and_the_next_waits(void **state)
{
    struct fixture *f = *state;
    struct submission subs[5];
    struct chain unknown = {0};
    struct error error;
    pthread_t thread;
    add_in_two_files(f, subs);
    assert_int_equal(pthread_create(&thread, NULL, add_fifth, f), 0);
    assert_int_equal(atomic_load(&f->answers), 0);
    faults_let_syncs_go();
    pthread_join(thread, NULL);
    assert_int_equal(durable_drain(f->durable, &unknown, &error), REASON_NONE);
    assert_int_equal(atomic_load(&f->answers), 5);
}

static void what_comes_behind_a_failure_is_unknown_too(void **state)
{
    struct fixture *f = *state;
    struct submission subs[2];
    struct chain unknown = {0};
    struct error error;
    faults_arm(FAULT_SYNC, 1, ENOSPC);
    add(f, "000001.log", &subs[0], true);
    faults_clear();
    assert_true(durable_has_failed(f->durable));
    add(f, NULL, &subs[1], true); /* there is nothing to sync, and yet */
    assert_int_equal(durable_drain(f->durable, &unknown, &error), REASON_STORE_FULL);
    assert_int_equal(unknown.len, 2);
    assert_int_equal(atomic_load(&f->answers), 0);
}

/* hazards 2 */
static void the_mark_is_synced_behind_the_answer_and_its_failure_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct submission sub;
    faults_arm(FAULT_SYNC, 3, EIO); /* after those of the log and its name */
    add(f, "000001.log", &sub, true);
    assert_true(faults_hit());
    assert_int_equal(atomic_load(&f->answers), 1);
    assert_false(durable_has_failed(f->durable));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_stands_in_two_files_is_synced_in_both),
        cmocka_unit_test(when_either_file_cannot_be_synced_nothing_behind_it_is_answered),
        TEST(so_many_may_be_under_way_and_the_next_waits),
        TEST(what_comes_behind_a_failure_is_unknown_too),
        TEST(the_mark_is_synced_behind_the_answer_and_its_failure_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
