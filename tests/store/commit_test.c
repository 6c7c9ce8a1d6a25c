/*
 * commit_test.c - the committer with a real log and real pollers, without a network: order, group commit, "busy", closing.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/commit.h"
#include "store/fanout.h"
#include "store/gone.h"
#include "store/heads.h"
#include "tests/lib/faults.h"
#include "tests/lib/tempdir.h"
#include "wire/text.h"

struct fixture {
    char *dir;
    struct store store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool down; /* writing is impossible now, as the committer says */
};

static void writable_changed(void *user, bool writable)
{
    struct fixture *f = user;
    pthread_mutex_lock(&f->lock);
    f->down = !writable;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    enum log_fault fault;
    struct error error;
    struct log_options options = {.create = true, .ballast_bytes = 4096};
    f->dir = tempdir_new();
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->store.cq = cq_open(2);
    f->store.log = log_open(f->dir, &options, &fault, &error);
    f->store.tail = tail_new(1 << 20);
    f->store.gone = gone_new();
    f->store.fanout = fanout_new();
    struct commit_options commit = {.queue_bytes = 100000,
                                    .heads_bytes = 1 << 20,
                                    .recent_ids = 10000,
                                    .writable_changed = writable_changed,
                                    .user = f};
    f->store.commit = commit_open(&f->store, &commit, &error);
    assert_non_null(f->store.commit);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    commit_close(f->store.commit);
    cq_close(f->store.cq);
    fanout_free(f->store.fanout);
    gone_free(f->store.gone);
    tail_free(f->store.tail);
    log_close(f->store.log);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

/* ---- a writer: an owner of submissions that notes their outcomes in order ---- */

enum { WRITER_MAX = 2000 };
struct writer {
    struct fixture *f;
    struct lane lane;
    struct bytes *raw[WRITER_MAX];
    struct submission subs[WRITER_MAX];
    size_t len, done;
    struct submission *order[WRITER_MAX];
};

static void writer_done(struct submission *sub, bool same_owner_next)
{
    (void)same_owner_next;
    struct writer *w = sub->owner;
    pthread_mutex_lock(&w->f->lock);
    w->order[w->done++] = sub;
    pthread_cond_broadcast(&w->f->changed);
    pthread_mutex_unlock(&w->f->lock);
}

static struct submission *writer_make(struct writer *w, const char *stream, const char *id,
                                      size_t payload)
{
    static const uint8_t zero[1 << 16];
    struct emit_request request = {.events = calloc(1, sizeof(struct event)), .events_len = 1};
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("T"),
                          .event_id = text_span(id),
                          .payload = {zero, payload}};
    struct bytes *raw = bytes_new(event_size(&event));
    event_put(raw->data, &event);
    assert_true(event_read(bytes_span(raw), &request.events[0]));
    struct submission *sub = &w->subs[w->len];
    assert_true(submission_init_emit(sub, &request));
    sub->owner = w;
    sub->done = writer_done;
    w->raw[w->len++] = raw;
    return sub;
}

static void writer_wait(struct writer *w)
{
    pthread_mutex_lock(&w->f->lock);
    while (w->done < w->len)
        pthread_cond_wait(&w->f->changed, &w->f->lock);
    pthread_mutex_unlock(&w->f->lock);
}

static void writer_free(struct writer *w)
{
    for (size_t i = 0; i < w->len; i++) {
        submission_fini(&w->subs[i]);
        bytes_unref(w->raw[i]);
    }
    free(w);
}

static struct writer *writer_new(struct fixture *f)
{
    struct writer *w = calloc(1, sizeof *w);
    w->f = f;
    return w;
}

/* ---- the tests ---- */

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

/* ---- writes that fail ---- */

enum { EVENTS = 40 };

/* Submit the events from `from` on, one by one, over a call of their own, until one is refused at once. Returns how many were
 * accepted. None may be accepted after one that was not: a retry would change the order. */
static size_t submit_from(struct fixture *f, size_t from)
{
    struct writer *w = writer_new(f);
    struct error error;
    bool refused = false;
    for (size_t i = from; i < EVENTS && !refused; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        struct submission *sub = writer_make(w, "s", id, 5000);
        sub->lane = &w->lane;
        refused = commit_submit(f->store.commit, sub, &error) != REASON_NONE;
        if (refused) {
            assert_true(error.retryable);
            submission_fini(sub);
            bytes_unref(w->raw[--w->len]);
        }
    }
    writer_wait(w);
    size_t accepted = 0;
    while (accepted < w->len && !w->subs[accepted].error)
        accepted++;
    for (size_t i = accepted; i < w->len; i++) {
        assert_non_null(w->subs[i].error);
        assert_true(w->subs[i].error->retryable);
    }
    writer_free(w);
    return accepted;
}

static void wait_until_writable(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->down)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void assert_all_once_and_in_order(struct fixture *f)
{
    for (uint64_t i = 0; i < EVENTS; i++) {
        char id[16];
        struct bytes *value;
        struct error error;
        struct id_entry entry;
        snprintf(id, sizeof id, "%d", (int)i);
        struct key key = key_event_id(text_span(id));
        assert_int_equal(log_get(f->store.log, key_span(&key), &value, &error), REASON_NONE);
        assert_non_null(value);
        assert_true(id_entry_decode(bytes_span(value), &entry));
        assert_int_equal(entry.version, i + 1);
        bytes_unref(value);
    }
    struct head head;
    struct error error;
    assert_int_equal(head_read(f->store.log, text_span("s"), &head, &error), REASON_NONE);
    assert_int_equal(head.last_version, EVENTS);
}

static void fail_the_nth(enum fault fault, unsigned nth, int number)
{
    void *state;
    setup(&state);
    struct fixture *f = state;
    size_t accepted = 0;
    faults_arm(fault, nth, number);
    while (accepted < EVENTS) {
        accepted += submit_from(f, accepted);
        if (faults_hit())
            faults_clear();
        wait_until_writable(f);
    }
    faults_clear();
    assert_all_once_and_in_order(f);
    teardown(&state);
}

/* semantics 7 */
static void a_call_that_failed_commits_nothing_more_when_the_store_is_well(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    faults_arm(FAULT_WRITE, 1, ENOSPC);
    for (int i = 0; i < 2; i++) {
        struct submission *sub = writer_make(w, "s", i == 0 ? "first" : "second", 100);
        sub->lane = &w->lane;
        assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
        writer_wait(w);
        faults_clear();
        wait_until_writable(f);
        assert_non_null(sub->error);
        assert_true(sub->error->retryable);
    }
    struct writer *retry = writer_new(f);
    assert_int_equal(commit_submit(f->store.commit, writer_make(retry, "s", "first", 100), &error),
                     REASON_NONE);
    writer_wait(retry);
    assert_int_equal(retry->subs[0].stored[0].version, 1);
    writer_free(retry);
    writer_free(w);
}

/* semantics 7, 8; hazards 1, 2 */
static void whoever_retries_after_a_failed_write_has_all_events_once_and_in_order(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 6; nth++) {
        fail_the_nth(FAULT_WRITE, nth, ENOSPC);
        fail_the_nth(FAULT_SHORT_WRITE, nth, ENOSPC);
        fail_the_nth(FAULT_SYNC, nth, EIO);
    }
}

/* semantics 8; hazards 2 */
static void what_was_being_written_when_a_sync_failed_is_unknown(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    faults_arm(FAULT_SYNC, 1, EIO);
    assert_int_equal(commit_submit(f->store.commit, writer_make(w, "s", "1", 10), &error),
                     REASON_NONE);
    writer_wait(w);
    faults_clear();
    assert_non_null(w->subs[0].error);
    assert_int_equal(w->subs[0].error->reason, REASON_STORE_UNAVAILABLE);
    assert_true(w->subs[0].error->retryable && w->subs[0].error->maybe_applied);
    wait_until_writable(f);
    writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain_is_committed_and_answered_in_its_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(of_racing_writers_one_wins_each_version, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_of_their_own_are_told_busy_and_lanes_never_are, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_waits_is_committed_before_the_committer_ends, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_call_that_failed_commits_nothing_more_when_the_store_is_well, setup, teardown),
        cmocka_unit_test(whoever_retries_after_a_failed_write_has_all_events_once_and_in_order),
        cmocka_unit_test_setup_teardown(what_was_being_written_when_a_sync_failed_is_unknown, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_commit_wakes_whom_it_concerns_and_nobody_else, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
