/* readers_test.c - jobs run, in turn, on threads that may block, and all of them before the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "store/readers.h"

static atomic_bool gate_is_open;

/* Keeps its thread busy until the gate is opened. */
static void hold(struct readers_job *job)
{
    (void)job;
    while (!atomic_load(&gate_is_open))
        sched_yield();
}

struct counted {
    struct readers_job job;
    struct readers *readers;
    int turns;
    atomic_int *log; /* takes the numbers of those that ran, in order */
    atomic_size_t *len;
    int number;
    bool signals_are_blocked;
};

static void run(struct readers_job *job)
{
    struct counted *counted = (struct counted *)job;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    counted->signals_are_blocked = sigismember(&mask, SIGTERM) == 1;
    if (counted->log)
        atomic_store(&counted->log[atomic_fetch_add(counted->len, 1)], counted->number);
    if (--counted->turns > 0)
        readers_submit(counted->readers, job);
}

static void every_job_runs_before_the_end_also_those_that_queue_themselves_again(void **state)
{
    (void)state;
    struct counted jobs[100] = {0};
    struct readers *readers = readers_open(4);
    assert_non_null(readers);
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct counted){.job = {.run = run}, .readers = readers, .turns = i % 7 + 1};
        readers_submit(readers, &jobs[i].job);
    }
    readers_close(readers);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(jobs[i].turns, 0);
        assert_true(jobs[i].signals_are_blocked);
    }
}

static void one_that_queues_itself_again_waits_for_its_turn(void **state)
{
    (void)state;
    atomic_int log[8];
    atomic_size_t len = 0;
    struct counted jobs[3] = {0};
    struct readers *readers = readers_open(1);
    struct readers_job gate = {.run = hold};
    readers_submit(readers, &gate);
    for (int i = 0; i < 3; i++) {
        jobs[i] = (struct counted){.job = {.run = run},
                                   .readers = readers,
                                   .turns = 2,
                                   .log = log,
                                   .len = &len,
                                   .number = i};
        readers_submit(readers, &jobs[i].job);
    }
    atomic_store(&gate_is_open, true);
    readers_close(readers);
    assert_int_equal(len, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(log[i], i % 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_before_the_end_also_those_that_queue_themselves_again),
        cmocka_unit_test(one_that_queues_itself_again_waits_for_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
