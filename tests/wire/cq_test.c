/*
 * The completion queue: posts and timers.
 */
#include "wire/cq.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/wire/raw.h"

struct waiter {
    struct cq_op op;
    struct cq_timer timer;
    struct cq *cq;
    atomic_int *count;
    int runs, fired, stopped, order;
    pthread_t thread;
};

static atomic_int counter;

static void posted(struct cq_op *op, bool ok)
{
    struct waiter *w = (struct waiter *)op;
    assert_true(ok);
    w->runs++;
    w->thread = pthread_self();
    atomic_fetch_add(w->count, 1);
}

/* hazards 10 */
static void every_post_runs_once_on_a_poller(void **state)
{
    (void)state;
    enum { POSTS = 5000 };
    struct waiter *waiters = calloc(POSTS, sizeof *waiters);
    atomic_int count = 0;
    struct cq *cq = cq_open(2);
    for (int i = 0; i < POSTS; i++) {
        waiters[i].op.done = posted;
        waiters[i].count = &count;
        waiters[i].runs = 0;
        cq_post(cq, &waiters[i].op);
    }
    cq_close(cq); /* waits for all of them */
    assert_int_equal(atomic_load(&count), POSTS);
    for (int i = 0; i < POSTS; i++) {
        assert_int_equal(waiters[i].runs, 1);
        assert_false(pthread_equal(waiters[i].thread, pthread_self()));
    }
    free(waiters);
}

static void post_again(struct cq_op *op, bool ok)
{
    struct waiter *w = (struct waiter *)op;
    (void)ok;
    if (++w->runs < 1000)
        cq_post(w->cq, &w->op);
}

static void closing_waits_for_what_a_done_begins(void **state)
{
    (void)state;
    struct waiter w = {.op = {post_again}, .cq = cq_open(3)};
    cq_post(w.cq, &w.op);
    cq_close(w.cq);
    assert_int_equal(w.runs, 1000);
}

static void timer_done(struct cq_op *op, bool ok)
{
    struct cq_timer *timer = (struct cq_timer *)op;
    struct waiter *w = (struct waiter *)((char *)timer - offsetof(struct waiter, timer));
    *(ok ? &w->fired : &w->stopped) += 1;
    w->order = atomic_fetch_add(&counter, 1);
}

static void timers_fire_in_the_order_of_their_time(void **state)
{
    (void)state;
    enum { TIMERS = 200 };
    struct waiter *w = calloc(TIMERS, sizeof *w);
    struct cq *cq = cq_open(1);
    uint64_t seed = 3;
    int64_t delay[TIMERS];
    int64_t begin_ms = cq_mono_ms();
    for (int i = 0; i < TIMERS; i++) {
        delay[i] = 50 + (int64_t)(raw_random(&seed) % 20) * 10;
        w[i].timer.op.done = timer_done;
        cq_timer_set(cq, &w[i].timer, delay[i]);
    }
    int64_t set_ms = cq_mono_ms() - begin_ms; /* those set later may come later by this */
    cq_close(cq);
    assert_true(cq_mono_ms() - begin_ms >= 50);
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(w[i].fired, 1);
        assert_int_equal(w[i].stopped, 0);
        for (int k = 0; k < TIMERS; k++)
            if (delay[i] + set_ms < delay[k])
                assert_true(w[i].order < w[k].order);
    }
    free(w);
}

static void a_stopped_timer_is_done_at_once(void **state)
{
    (void)state;
    enum { TIMERS = 100 };
    struct waiter *w = calloc(TIMERS, sizeof *w);
    struct cq *cq = cq_open(2);
    for (int i = 0; i < TIMERS; i++) {
        w[i].timer.op.done = timer_done;
        cq_timer_stop(&w[i].timer); /* not set: nothing happens */
        cq_timer_set(cq, &w[i].timer, 3600 * 1000);
    }
    for (int i = 0; i < TIMERS; i++)
        cq_timer_stop(&w[(i * 37) % TIMERS].timer);
    cq_close(cq); /* not in an hour */
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(w[i].fired, 0);
        assert_int_equal(w[i].stopped, 1);
    }
    free(w);
}

static void set_again(struct cq_op *op, bool ok)
{
    struct cq_timer *timer = (struct cq_timer *)op;
    struct waiter *w = (struct waiter *)((char *)timer - offsetof(struct waiter, timer));
    assert_true(ok);
    if (++w->fired < 20)
        cq_timer_set(w->cq, timer, w->fired % 3);
}

static void a_timer_can_be_set_again_from_within(void **state)
{
    (void)state;
    struct waiter w = {.cq = cq_open(2)};
    w.timer.op.done = set_again;
    cq_timer_set(w.cq, &w.timer, -5);
    cq_close(w.cq);
    assert_int_equal(w.fired, 20);
}

static void timers_stopped_as_they_fire_are_done_once(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct waiter w = {.fired = 0};
        struct cq *cq = cq_open(1);
        w.timer.op.done = timer_done;
        cq_timer_set(cq, &w.timer, round % 2);
        cq_timer_stop(&w.timer);
        cq_close(cq);
        assert_int_equal(w.fired + w.stopped, 1);
    }
}

/* hazards 8 */
static void queues_can_be_opened_and_closed_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct cq *a = cq_open(1), *b = cq_open(1);
        assert_non_null(a);
        assert_non_null(b);
        cq_close(a);
        cq_close(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_post_runs_once_on_a_poller),
        cmocka_unit_test(closing_waits_for_what_a_done_begins),
        cmocka_unit_test(timers_fire_in_the_order_of_their_time),
        cmocka_unit_test(a_stopped_timer_is_done_at_once),
        cmocka_unit_test(a_timer_can_be_set_again_from_within),
        cmocka_unit_test(timers_stopped_as_they_fire_are_done_once),
        cmocka_unit_test(queues_can_be_opened_and_closed_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
