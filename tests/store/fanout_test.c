/* fanout_test.c - a commit wakes those whom it concerns, once, and no commit slips between looking and waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <xxhash.h>

#include "store/fanout.h"
#include "wire/text.h"

struct sleeper {
    struct fanout_waiter waiter;
    _Atomic uint64_t first; /* of the commit that woke it */
    atomic_int woken;
};

static void woken(struct fanout_waiter *waiter, uint64_t first)
{
    struct sleeper *sleeper = (struct sleeper *)waiter;
    atomic_store(&sleeper->first, first);
    atomic_fetch_add(&sleeper->woken, 1);
}

static void sleeper_init(struct sleeper *sleeper, const char *name)
{
    memset(sleeper, 0, sizeof *sleeper);
    sleeper->waiter = (struct fanout_waiter){.woken = woken, .name = text_span(name)};
}

static struct fanout_name named(const char *name)
{
    return (struct fanout_name){text_span(name), XXH3_64bits(name, strlen(name))};
}

static void publish(struct fanout *fanout, _Atomic uint64_t *head, uint64_t first, uint64_t last,
                    const char *a, const char *b)
{
    struct fanout_name names[] = {named(a), named(b)};
    fanout_publish(fanout, head, first, last, names, 2);
}

/* semantics 14 */
static void a_commit_wakes_those_whose_streams_it_touches_and_nobody_else(void **state)
{
    (void)state;
    static const char *const names[] = {"a/1", "a/2",     "a/**", "**2", "b/**",
                                        "b",   "__all__", "**",   "a/1", "a/**"};
    static const int woken_by_a1[] = {1, 0, 1, 0, 0, 0, 1, 1, 1, 1};
    enum { N = 10 };
    struct sleeper sleepers[N];
    _Atomic uint64_t head = 10;
    struct fanout *fanout = fanout_new();
    for (int i = 0; i < N; i++) {
        sleeper_init(&sleepers[i], names[i]);
        assert_true(fanout_wait(fanout, &sleepers[i].waiter, &head, 10));
    }
    publish(fanout, &head, 11, 12, "a/1", "c");
    assert_int_equal(head, 12);
    for (int i = 0; i < N; i++) {
        assert_int_equal(sleepers[i].woken, woken_by_a1[i]);
        assert_int_equal(sleepers[i].first, woken_by_a1[i] ? 11 : 0);
        assert_int_equal(fanout_cancel(fanout, &sleepers[i].waiter), !woken_by_a1[i]);
    }
    fanout_free(fanout);
}

static void who_has_been_woken_sleeps_until_it_waits_again(void **state)
{
    (void)state;
    struct sleeper sleeper;
    _Atomic uint64_t head = 0;
    struct fanout *fanout = fanout_new();
    sleeper_init(&sleeper, "a**");
    assert_true(fanout_wait(fanout, &sleeper.waiter, &head, 0));
    publish(fanout, &head, 1, 1, "a", "ab");
    publish(fanout, &head, 2, 2, "a", "ab");
    assert_int_equal(sleeper.woken, 1);
    assert_true(fanout_wait(fanout, &sleeper.waiter, &head, 2));
    publish(fanout, &head, 3, 3, "a", "ab");
    assert_int_equal(sleeper.woken, 2);
    assert_int_equal(sleeper.first, 3);
    fanout_free(fanout);
}

static void who_has_not_seen_the_head_does_not_wait(void **state)
{
    (void)state;
    struct sleeper sleeper;
    _Atomic uint64_t head = 5;
    struct fanout *fanout = fanout_new();
    sleeper_init(&sleeper, "a");
    assert_false(fanout_wait(fanout, &sleeper.waiter, &head, 4));
    assert_false(fanout_cancel(fanout, &sleeper.waiter));
    assert_true(fanout_wait(fanout, &sleeper.waiter, &head, 9));
    assert_true(fanout_cancel(fanout, &sleeper.waiter));
    fanout_free(fanout);
}

/* semantics 6 */
static void the_stores_own_streams_wake_all_and_those_who_name_them_but_no_pattern(void **state)
{
    (void)state;
    struct sleeper all, pattern, own, own_pattern;
    _Atomic uint64_t head = 0;
    struct fanout *fanout = fanout_new();
    sleeper_init(&all, "__all__");
    sleeper_init(&pattern, "**");
    sleeper_init(&own, "__store__");
    sleeper_init(&own_pattern, "__**");
    assert_true(fanout_wait(fanout, &all.waiter, &head, 0));
    assert_true(fanout_wait(fanout, &pattern.waiter, &head, 0));
    assert_true(fanout_wait(fanout, &own.waiter, &head, 0));
    assert_true(fanout_wait(fanout, &own_pattern.waiter, &head, 0));
    publish(fanout, &head, 1, 1, "__store__", "__store__");
    assert_int_equal(all.woken, 1);
    assert_int_equal(own.woken, 1);
    assert_true(fanout_cancel(fanout, &pattern.waiter));
    assert_true(fanout_cancel(fanout, &own_pattern.waiter));
    fanout_free(fanout);
}

static void when_it_is_not_known_what_came_everybody_is_woken(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "a", "b**", "__all__"};
    struct sleeper sleepers[4];
    _Atomic uint64_t head = 3;
    struct fanout *fanout = fanout_new();
    for (int i = 0; i < 4; i++) {
        sleeper_init(&sleepers[i], names[i]);
        assert_true(fanout_wait(fanout, &sleepers[i].waiter, &head, 3));
    }
    fanout_publish(fanout, &head, 4, 9, NULL, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sleepers[i].woken, 1);
    fanout_free(fanout);
}

/* ---- many threads: every commit is either seen or wakes ---- */

enum { COMMITS = 20000, WAITERS = 4, PAUSE = 300 };
static const char *const streams[WAITERS] = {"s/0", "s/1", "s/**", "__all__"};

struct race {
    struct fanout *fanout;
    _Atomic uint64_t head;
    pthread_barrier_t start;
    atomic_size_t waits;
};

static void *wait_until_the_end(void *arg)
{
    struct race *race = ((struct race **)arg)[0];
    struct sleeper sleeper;
    sleeper_init(&sleeper, ((const char **)arg)[1]);
    pthread_barrier_wait(&race->start);
    for (uint64_t seen = 0; seen < COMMITS;) {
        int before = atomic_load(&sleeper.woken);
        if (fanout_wait(race->fanout, &sleeper.waiter, &race->head, seen)) {
            if (seen % 3 == 0 && fanout_cancel(race->fanout, &sleeper.waiter))
                continue;
            atomic_fetch_add(&race->waits, 1);
            while (atomic_load(&sleeper.woken) == before)
                sched_yield();
            assert_true(sleeper.first > seen);
        }
        seen = atomic_load(&race->head);
    }
    return NULL;
}

static void no_commit_slips_between_looking_and_waiting(void **state)
{
    (void)state;
    struct race race = {.fanout = fanout_new()};
    pthread_barrier_init(&race.start, NULL, WAITERS + 1);
    pthread_t threads[WAITERS];
    const void *args[WAITERS][2];
    for (int i = 0; i < WAITERS; i++) {
        args[i][0] = &race;
        args[i][1] = streams[i];
        assert_int_equal(pthread_create(&threads[i], NULL, wait_until_the_end, args[i]), 0);
    }
    pthread_barrier_wait(&race.start);
    for (uint64_t i = 1; i <= COMMITS; i++) { /* each touches both streams: who waits must wake */
        while (i % PAUSE == 2 && atomic_load(&race.waits) <= i / PAUSE)
            sched_yield(); /* so that there is somebody to wake, however the threads are scheduled */
        publish(race.fanout, &race.head, i, i, streams[0], streams[1]);
        if (i % 4 == 0)
            sched_yield();
    }
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(race.waits > COMMITS / PAUSE);
    pthread_barrier_destroy(&race.start);
    fanout_free(race.fanout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_wakes_those_whose_streams_it_touches_and_nobody_else),
        cmocka_unit_test(who_has_been_woken_sleeps_until_it_waits_again),
        cmocka_unit_test(who_has_not_seen_the_head_does_not_wait),
        cmocka_unit_test(the_stores_own_streams_wake_all_and_those_who_name_them_but_no_pattern),
        cmocka_unit_test(when_it_is_not_known_what_came_everybody_is_woken),
        cmocka_unit_test(no_commit_slips_between_looking_and_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
