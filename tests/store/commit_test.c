/*
 * commit_test.c - the committer: order, group commit, "busy", closing.
 */
#include "committer.h"

#include "store/fanout.h"

/* semantics 2, 7 */
static void a_chain_is_committed_and_answered_in_its_order(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    for (size_t i = 0; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        struct submission *sub = writer_make(w, i % 3 ? "a" : "b", id, 100);
        sub->lane = &w->lane;
        assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
    }
    writer_wait(w);
    uint64_t last = 0;
    for (size_t i = 0; i < w->len; i++) {
        assert_ptr_equal(w->order[i], &w->subs[i]);
        assert_null(w->subs[i].error);
        assert_true(w->subs[i].stored[0].order_id > last);
        last = w->subs[i].stored[0].order_id;
    }
    assert_int_equal(atomic_load(&f->store.head), last);
    assert_int_equal(w->subs[999].stored[0].version, 334);
    writer_free(w);
}

struct racer {
    pthread_t thread;
    struct fixture *f;
    int number;
    size_t won;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    for (uint64_t version = 0; version < 50; version++) {
        struct writer *w = writer_new(r->f);
        struct error error;
        char id[32];
        snprintf(id, sizeof id, "%d-%d", r->number, (int)version);
        struct submission *sub = writer_make(w, "contended", id, 10);
        struct expect *expect = calloc(1, sizeof(struct event) + sizeof *expect);
        memcpy(expect, sub->request.events, sizeof(struct event));
        free(sub->request.events);
        sub->request.events = (struct event *)expect;
        sub->request.expects = (struct expect *)(sub->request.events + 1);
        sub->request.expects[0] = (struct expect){text_span("contended"), EXPECT_VERSION, version};
        sub->request.expects_len = 1;
        assert_int_equal(commit_submit(r->f->store.commit, sub, &error), REASON_NONE);
        writer_wait(w);
        if (!sub->error) {
            assert_int_equal(sub->stored[0].version, version + 1);
            r->won++;
        } else {
            assert_int_equal(sub->error->reason, REASON_WRONG_VERSION);
        }
        writer_free(w);
    }
    return NULL;
}

/* semantics 4 */
static void of_racing_writers_one_wins_each_version(void **state)
{
    struct fixture *f = *state;
    struct racer racers[8];
    size_t won = 0;
    for (int i = 0; i < 8; i++) {
        racers[i] = (struct racer){.f = f, .number = i};
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(racers[i].thread, NULL);
        won += racers[i].won;
    }
    struct head head;
    struct error error;
    assert_int_equal(head_read(f->store.log, text_span("contended"), &head, &error), REASON_NONE);
    assert_int_equal(won, head.last_version);
    assert_true(won >= 1 && won <= 50);
}

/* semantics 7 */
static void calls_of_their_own_are_told_busy_and_lanes_never_are(void **state)
{
    struct fixture *f = *state;
    struct writer *single = writer_new(f), *bulk = writer_new(f);
    struct error error;
    size_t busy = 0;
    for (size_t i = 0; i < 500; i++) {
        char id[16];
        snprintf(id, sizeof id, "s%zu", i);
        if (commit_submit(f->store.commit, writer_make(single, "s", id, 40000), &error) !=
            REASON_NONE) {
            assert_int_equal(error.reason, REASON_BUSY);
            assert_true(error.retryable && error.retry_after_ms > 0);
            busy++;
            single->len--;
            submission_fini(&single->subs[single->len]);
            bytes_unref(single->raw[single->len]);
        }
        snprintf(id, sizeof id, "b%zu", i);
        struct submission *sub = writer_make(bulk, "b", id, 40000);
        sub->lane = &bulk->lane;
        assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
    }
    writer_wait(single);
    writer_wait(bulk);
    assert_true(busy > 0);
    for (size_t i = 0; i < bulk->len; i++)
        assert_null(bulk->subs[i].error);
    writer_free(single);
    writer_free(bulk);
}

static void what_waits_is_committed_before_the_committer_ends(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    struct submission *first = NULL, **last = &first;
    for (size_t i = 0; i < 200; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        *last = writer_make(w, "s", id, 1000);
        (*last)->lane = &w->lane;
        last = &(*last)->next;
    }
    assert_int_equal(commit_submit(f->store.commit, first, &error), REASON_NONE);
    commit_close(f->store.commit);
    f->store.commit = NULL;
    assert_int_equal(w->done, 200);
    for (size_t i = 0; i < 200; i++)
        assert_null(w->subs[i].error);
    writer_free(w);
}

struct waiter {
    struct fanout_waiter waiter;
    struct fixture *f;
    uint64_t first;
};

static void woken(struct fanout_waiter *waiter, uint64_t first)
{
    struct waiter *w = (struct waiter *)waiter;
    pthread_mutex_lock(&w->f->lock);
    w->first = first;
    pthread_cond_broadcast(&w->f->changed);
    pthread_mutex_unlock(&w->f->lock);
}

/* semantics 14 */
static void a_commit_wakes_whom_it_concerns_and_nobody_else(void **state)
{
    struct fixture *f = *state;
    struct waiter mine = {.waiter = {.woken = woken, .name = text_span("a")}, .f = f};
    struct waiter other = {.waiter = {.woken = woken, .name = text_span("b")}, .f = f};
    assert_true(fanout_wait(f->store.fanout, &mine.waiter, &f->store.head, 0));
    assert_true(fanout_wait(f->store.fanout, &other.waiter, &f->store.head, 0));
    struct writer *w = writer_new(f);
    struct error error;
    assert_int_equal(commit_submit(f->store.commit, writer_make(w, "a", "1", 10), &error),
                     REASON_NONE);
    writer_wait(w);
    assert_int_equal(mine.first, w->subs[0].stored[0].order_id);
    assert_int_equal(other.first, 0);
    assert_true(fanout_cancel(f->store.fanout, &other.waiter));
    writer_free(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, committer_setup, committer_teardown)

/* More than the builder's first table of a record's streams holds. */
static void a_commit_of_many_streams_numbers_each(void **state)
{
    struct fixture *f = *state;
    enum { STREAMS = 400 };
    struct error error;
    for (uint64_t version = 1; version <= 2; version++) {
        struct writer *w = writer_new(f);
        for (size_t i = 0; i < STREAMS; i++) {
            char stream[16], id[32];
            snprintf(stream, sizeof stream, "s%zu", i);
            snprintf(id, sizeof id, "%zu.%d", i, (int)version);
            struct submission *sub = writer_make(w, stream, id, 1);
            sub->lane = &w->lane;
            if (i > 0)
                w->subs[i - 1].next = sub;
        }
        assert_int_equal(commit_submit(f->store.commit, &w->subs[0], &error), REASON_NONE);
        writer_wait(w);
        for (size_t i = 0; i < STREAMS; i++) {
            assert_null(w->subs[i].error);
            assert_int_equal(w->subs[i].stored[0].version, version);
        }
        writer_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chain_is_committed_and_answered_in_its_order),
        TEST(of_racing_writers_one_wins_each_version),
        TEST(calls_of_their_own_are_told_busy_and_lanes_never_are),
        TEST(what_waits_is_committed_before_the_committer_ends),
        TEST(a_commit_wakes_whom_it_concerns_and_nobody_else),
        cmocka_unit_test_setup_teardown(a_commit_of_many_streams_numbers_each, committer_setup,
                                        committer_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
