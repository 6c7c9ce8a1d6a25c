/*
 * commit_faults_test.c - the committer when writing or syncing fails, or takes its time.
 */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "committer.h"
#include "tests/lib/faults.h"

/* ---- writes that fail ---- */

enum { EVENTS = 40, PATIENCE_S = 60 };

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
    committer_setup(&state);
    struct fixture *f = state;
    size_t accepted = 0;
    faults_arm(fault, nth, number);
    while (accepted < EVENTS) {
        accepted += submit_from(f, accepted);
        if (faults_hit())
            faults_clear();
        committer_wait_until_writable(f);
    }
    faults_clear();
    assert_all_once_and_in_order(f);
    committer_teardown(&state);
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
        committer_wait_until_writable(f);
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
    committer_wait_until_writable(f);
    writer_free(w);
}

/* ---- while one commit is synced, the next is written ---- */

/* Large enough for the committer not to sync it by itself. */
static struct submission *submit_large(struct writer *w, const char *id)
{
    struct error error;
    struct submission *sub = writer_make(w, "s", id, 1 << 16);
    sub->lane = &w->lane;
    assert_int_equal(commit_submit(w->f->store.commit, sub, &error), REASON_NONE);
    return sub;
}

static void wait_until_written(struct fixture *f, const char *id)
{
    struct key key = key_event_id(text_span(id));
    struct bytes *value = NULL;
    while (!value) {
        assert_int_equal(log_get(f->store.log, key_span(&key), &value, NULL), REASON_NONE);
        sched_yield();
    }
    bytes_unref(value);
}

static void wait_until_a_sync_is_held(void)
{
    for (time_t until = time(NULL) + PATIENCE_S; faults_syncs_held() == 0; sched_yield())
        assert_true(time(NULL) < until);
}

/* One commit is being synced, the second is written behind it, and the first is there once more, as a retry. */
static struct writer *write_while_syncing(struct fixture *f)
{
    struct writer *w = writer_new(f);
    faults_hold_syncs();
    submit_large(w, "1");
    wait_until_a_sync_is_held();
    submit_large(w, "2");
    wait_until_written(f, "2");
    submit_large(w, "1");
    return w;
}

/* semantics 1, 3, 6; hazards 2 */
static void nothing_is_shown_or_answered_before_its_sync_though_the_next_is_written(void **state)
{
    struct fixture *f = *state;
    struct writer *w = write_while_syncing(f);
    assert_int_equal(w->done, 0);
    assert_int_equal(atomic_load(&f->store.head), 0);
    faults_let_syncs_go();
    writer_wait(w);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(w->order[i], &w->subs[i]);
        assert_null(w->subs[i].error);
    }
    assert_true(w->subs[2].duplicate);
    assert_int_equal(w->subs[2].stored[0].order_id, w->subs[0].stored[0].order_id);
    assert_int_equal(atomic_load(&f->store.head), w->subs[1].stored[0].order_id);
    writer_free(w);
}

/* semantics 8; hazards 1, 2 */
static void when_a_sync_fails_what_was_written_behind_it_is_unknown_too(void **state)
{
    struct fixture *f = *state;
    struct writer *w = write_while_syncing(f);
    struct error error;
    faults_arm(FAULT_SYNC, 1, EIO);
    faults_let_syncs_go();
    writer_wait(w);
    for (size_t i = 0; i < 3; i++)
        assert_true(w->subs[i].error && w->subs[i].error->retryable);
    for (size_t i = 0; i < 2; i++) /* the retry may still have waited, and then was refused */
        assert_true(w->subs[i].error->maybe_applied);
    assert_int_equal(atomic_load(&f->store.head), 0);
    faults_clear();
    committer_wait_until_writable(f);
    struct writer *retry = writer_new(f);
    for (int i = 0; i < 2; i++)
        submit_large(retry, i == 0 ? "1" : "2");
    writer_wait(retry);
    for (uint64_t i = 0; i < 2; i++)
        assert_int_equal(retry->subs[i].stored[0].version, i + 1);
    assert_int_equal(commit_submit(f->store.commit, writer_make(retry, "s", "3", 1), &error),
                     REASON_NONE);
    writer_wait(retry);
    assert_int_equal(retry->subs[2].stored[0].version, 3);
    writer_free(retry);
    writer_free(w);
}

/* Whatever has failed: nobody waits for a sync that is held. */
static int let_go(void **state)
{
    faults_clear();
    faults_let_syncs_go();
    return committer_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, committer_setup, let_go)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_that_failed_commits_nothing_more_when_the_store_is_well),
        cmocka_unit_test(whoever_retries_after_a_failed_write_has_all_events_once_and_in_order),
        TEST(what_was_being_written_when_a_sync_failed_is_unknown),
        TEST(nothing_is_shown_or_answered_before_its_sync_though_the_next_is_written),
        TEST(when_a_sync_fails_what_was_written_behind_it_is_unknown_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
