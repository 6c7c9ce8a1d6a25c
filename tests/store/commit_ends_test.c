/*
 * commit_ends_test.c - the committer at its limits and at its end: what is refused, what still happens, and deletions when the disk fails.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "committer.h"
#include "reads.h"
#include "store/durable.h"
#include "tests/lib/faults.h"

enum { PATIENCE_S = 60, LARGE = 1 << 16, DURABLE = 4, FULL = 1 << 16, RECORDS = 50 };

/* Large enough for the committer not to sync it by itself. */
static struct submission *submit(struct writer *w, const char *stream, const char *id,
                                 size_t payload)
{
    struct error error;
    struct submission *sub = writer_make(w, stream, id, payload);
    sub->lane = &w->lane;
    assert_int_equal(commit_submit(w->f->store.commit, sub, &error), REASON_NONE);
    return sub;
}

static void wait_until(bool (*is)(struct fixture *f, const void *what), struct fixture *f,
                       const void *what)
{
    for (time_t until = time(NULL) + PATIENCE_S; !is(f, what); sched_yield())
        assert_true(time(NULL) < until);
}

static bool is_written(struct fixture *f, const void *id)
{
    struct key key = key_event_id(text_span(id));
    struct bytes *value = NULL;
    assert_int_equal(log_get(f->store.log, key_span(&key), &value, NULL), REASON_NONE);
    bytes_unref(value);
    return value != NULL;
}

static bool a_sync_is_held(struct fixture *f, const void *what)
{
    (void)f, (void)what;
    return faults_syncs_held() > 0;
}

/* ---- what threads are at: they note when they wait ---- */

static atomic_uint drains; /* somebody has waited so often until all is durable */
static _Thread_local bool closes;
static atomic_bool closer_waits;

__typeof__(durable_drain) __real_durable_drain, __wrap_durable_drain;
__typeof__(durable_write) __real_durable_write, __wrap_durable_write;
__typeof__(pthread_cond_wait) __real_pthread_cond_wait, __wrap_pthread_cond_wait;
__typeof__(log_settle) __wrap_log_settle;

/* The mark, which is synced behind the answers once a second, is not: where syncs are held, it would keep a place of a commit. */
void __wrap_log_settle(struct log *log)
{
    (void)log;
}

enum reason __wrap_durable_drain(struct durable *durable, struct chain *unknown,
                                 struct error *error)
{
    atomic_fetch_add(&drains, 1);
    return __real_durable_drain(durable, unknown, error);
}

/* It drains within. */
enum reason __wrap_durable_write(struct durable *durable, struct log_batch *batch,
                                 struct chain *unknown, struct error *error)
{
    atomic_fetch_add(&drains, 1);
    return __real_durable_write(durable, batch, unknown, error);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
    if (closes)
        atomic_store(&closer_waits, true);
    return __real_pthread_cond_wait(cond, lock);
}

static bool it_drains_again(struct fixture *f, const void *before)
{
    (void)f;
    return atomic_load(&drains) > *(const unsigned *)before;
}

/* One more than may be under way is written: from now on the committer waits, until syncs are let go. */
static struct writer *block(struct fixture *f)
{
    struct writer *w = writer_new(f);
    faults_hold_syncs();
    for (int i = 0; i <= DURABLE; i++) {
        char id[16];
        snprintf(id, sizeof id, "block %d", i);
        submit(w, "s", id, LARGE);
        wait_until(is_written, f, id);
    }
    return w;
}

/* ---- limits ---- */

static void noted(struct submission *sub, bool same_owner_next)
{
    (void)same_owner_next;
    struct writer *w = sub->owner;
    pthread_mutex_lock(&w->f->lock);
    w->done++;
    pthread_cond_broadcast(&w->f->changed);
    pthread_mutex_unlock(&w->f->lock);
}

/* semantics 7 */
static void so_many_submissions_may_wait_however_small(void **state)
{
    struct fixture *f = *state;
    struct writer *w = block(f), *many = writer_new(f);
    struct submission *subs = calloc(FULL + 1, sizeof *subs), **last = NULL;
    struct error error;
    for (size_t i = 0; i <= FULL; i++) { /* such as only keep a place take no bytes */
        subs[i].kind = SUBMIT_REFUSED;
        subs[i].owner = many;
        subs[i].done = noted;
        if (i > 0 && i < FULL)
            *last = &subs[i];
        last = &subs[i].next;
    }
    assert_int_equal(commit_submit(f->store.commit, &subs[0], &error), REASON_NONE);
    assert_int_equal(commit_submit(f->store.commit, &subs[FULL], &error), REASON_BUSY);
    faults_let_syncs_go();
    pthread_mutex_lock(&f->lock);
    while (many->done < FULL)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
    writer_wait(w);
    free(subs);
    writer_free(many);
    writer_free(w);
}

/* ---- the end ---- */

static void *close_commit(void *arg)
{
    struct fixture *f = arg;
    closes = true;
    commit_close(f->store.commit);
    return NULL;
}

/* What is refused as long as too much waits, and then because nothing is taken any more. */
static bool is_going_down(struct fixture *f, const void *what)
{
    struct error error;
    struct submission probe = {.kind = SUBMIT_REFUSED, .bytes = 1 << 20};
    (void)what;
    enum reason reason = commit_submit(f->store.commit, &probe, &error);
    assert_true(reason == REASON_BUSY || reason == REASON_SHUTTING_DOWN);
    assert_true(error.retryable && !error.maybe_applied);
    return reason == REASON_SHUTTING_DOWN;
}

/* semantics 8 */
static void whoever_comes_when_the_committer_ends_is_told_and_what_waits_is_stored(void **state)
{
    struct fixture *f = *state;
    struct writer *w = block(f), *single = writer_new(f);
    struct error error;
    pthread_t thread;
    assert_int_equal(commit_submit(f->store.commit, writer_make(single, "s", "single", 10), &error),
                     REASON_NONE);
    assert_int_equal(pthread_create(&thread, NULL, close_commit, f), 0);
    wait_until(is_going_down, f, NULL);
    faults_let_syncs_go();
    pthread_join(thread, NULL);
    f->store.commit = NULL;
    assert_null(single->subs[0].error);
    assert_int_equal(single->subs[0].stored[0].version, DURABLE + 2);
    writer_free(single);
    writer_free(w);
}

static void answered_when_the_closer_waits(struct submission *sub, bool same_owner_next)
{
    (void)sub, (void)same_owner_next;
    for (time_t until = time(NULL) + PATIENCE_S; !atomic_load(&closer_waits); sched_yield())
        if (time(NULL) > until)
            abort();
    noted(sub, same_owner_next);
}

/* semantics 8 */
static void a_commit_that_is_answered_when_the_committer_ends_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    pthread_t thread;
    struct submission *sub = writer_make(w, "s", "1", 10);
    sub->done = answered_when_the_closer_waits;
    atomic_store(&closer_waits, false);
    assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
    assert_int_equal(pthread_create(&thread, NULL, close_commit, f), 0);
    pthread_join(thread, NULL);
    f->store.commit = NULL;
    assert_int_equal(w->done, 1);
    writer_free(w);
}

/* semantics 8 */
static void a_committer_that_cannot_write_ends_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    faults_arm(FAULT_WRITE, 1, EIO);
    submit(w, "s", "1", 10);
    writer_wait(w);
    assert_true(w->subs[0].error && w->subs[0].error->retryable);
    commit_close(f->store.commit); /* while it tries to open anew */
    f->store.commit = NULL;
    faults_clear();
    writer_free(w);
}

/* semantics 7 */
static void what_was_refused_before_keeps_its_reason_when_the_commit_fails(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    error_set(&error, REASON_INVALID_ARGUMENT, "as told");
    struct submission *first = writer_make(w, "s", "1", 10),
                      *refused = writer_make(w, "s", "2", 10);
    submission_fini(refused);
    assert_true(submission_init_refused(refused, &error));
    refused->owner = w;
    refused->done = first->done;
    refused->lane = first->lane = &w->lane;
    first->next = refused;
    faults_arm(FAULT_WRITE, 1, EIO);
    assert_int_equal(commit_submit(f->store.commit, first, &error), REASON_NONE);
    writer_wait(w);
    faults_clear();
    assert_true(first->error && first->error->retryable);
    assert_int_equal(refused->error->reason, REASON_INVALID_ARGUMENT);
    committer_wait_until_writable(f);
    writer_free(w);
}

/* semantics 3, 8 */
static void when_deciding_and_the_sync_before_it_fail_both_are_told(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    faults_hold_syncs();
    submit(w, "s", "1", LARGE);
    wait_until(a_sync_is_held, f, NULL);
    reads_arm(1, false, REASON_STORE_UNAVAILABLE);
    submit(w, "new", "2", LARGE);
    for (time_t until = time(NULL) + PATIENCE_S; !reads_hit(); sched_yield())
        assert_true(time(NULL) < until);
    reads_disarm();
    faults_arm(FAULT_SYNC, 1, EIO);
    faults_let_syncs_go();
    writer_wait(w);
    faults_clear();
    for (size_t i = 0; i < 2; i++)
        assert_true(w->subs[i].error && w->subs[i].error->retryable);
    committer_wait_until_writable(f);
    writer_free(w);
}

/* ---- deletions ---- */

/* Streams whose deletion is worth several steps of erasing. */
static struct writer *fill(struct fixture *f)
{
    struct writer *w = writer_new(f);
    for (int i = 0; i < RECORDS; i++) {
        char id[16];
        snprintf(id, sizeof id, "event %d", i);
        submit(w, "gone", id, LARGE / 4); /* a record each */
    }
    writer_wait(w);
    return w;
}

static struct submission *submit_deletion(struct writer *w)
{
    struct submission *sub = writer_make_deletion(w, EXPECT_NONE);
    struct error error;
    assert_int_equal(commit_submit(w->f->store.commit, sub, &error), REASON_NONE);
    return sub;
}

static void retry_deletion(struct fixture *f, uint64_t deleted_at_most)
{
    struct writer *w = writer_new(f);
    submit(w, "s", "before the retry", 10);
    struct submission *sub = submit_deletion(w);
    writer_wait(w);
    assert_null(sub->error);
    assert_true(sub->deleted_events == 0 || sub->deleted_events == deleted_at_most);
    writer_free(w);
}

/* semantics 4, 5 */
static void of_deletions_in_one_commit_the_first_deletes(void **state)
{
    struct fixture *f = *state;
    struct writer *w = fill(f);
    struct error error;
    struct submission *first = writer_make_deletion(w, EXPECT_EXISTS);
    first->next = writer_make_deletion(w, EXPECT_EXISTS);
    first->next->next = writer_make_deletion(w, EXPECT_NO_STREAM);
    assert_int_equal(commit_submit(f->store.commit, first, &error), REASON_NONE);
    writer_wait(w);
    assert_int_equal(first->deleted_events, RECORDS);
    assert_int_equal(w->subs[RECORDS + 1].error->reason, REASON_WRONG_VERSION);
    assert_null(w->subs[RECORDS + 2].error);
    assert_int_equal(w->subs[RECORDS + 2].deleted_events, 0);
    struct submission *alone = writer_make_deletion(w, EXPECT_EXISTS); /* a commit without any */
    assert_int_equal(commit_submit(f->store.commit, alone, &error), REASON_NONE);
    writer_wait(w);
    assert_int_equal(alone->error->reason, REASON_WRONG_VERSION);
    writer_free(w);
}

/* semantics 5, 8 */
static void a_deletion_whose_sync_fails_is_unknown_and_can_be_retried(void **state)
{
    struct fixture *f = *state;
    struct writer *w = fill(f);
    faults_arm(FAULT_SYNC, 1, EIO);
    struct submission *sub = submit_deletion(w);
    writer_wait(w);
    assert_true(sub->error && sub->error->maybe_applied);
    faults_clear();
    committer_wait_until_writable(f);
    retry_deletion(f, RECORDS);
    writer_free(w);
}

/* semantics 5, 8 */
static void a_deletion_behind_a_commit_that_is_not_synced_is_not_written(void **state)
{
    struct fixture *f = *state;
    struct writer *w = fill(f);
    faults_hold_syncs();
    submit(w, "s", "1", LARGE);
    wait_until(a_sync_is_held, f, NULL);
    unsigned before = atomic_load(&drains);
    struct submission *sub = submit_deletion(w);
    wait_until(it_drains_again, f, &before);
    faults_arm(FAULT_SYNC, 1, EIO);
    faults_let_syncs_go();
    writer_wait(w);
    assert_non_null(sub->error);
    faults_clear();
    committer_wait_until_writable(f);
    retry_deletion(f, RECORDS);
    writer_free(w);
}

/* Erasing goes on by itself, in four steps. The fourth sync from the deletion on is one of theirs: the mark has at most two meanwhile. */
static void erasing_that_cannot_be_written_goes_on_later(void **state)
{
    struct fixture *f = *state;
    struct writer *w = fill(f);
    faults_arm(FAULT_SYNC, 4, EIO);
    struct submission *sub = submit_deletion(w);
    writer_wait(w);
    assert_null(sub->error);
    committer_wait_until_down(f);
    faults_clear();
    committer_wait_until_writable(f);
    retry_deletion(f, 0);
    writer_free(w);
}

/* semantics 5 */
static void erasing_goes_on_between_commits_that_never_pause(void **state)
{
    struct fixture *f = *state;
    struct writer *w = fill(f), *more = block(f);
    submit_deletion(w);
    for (int i = 0; i < 300; i++) { /* 18 commits */
        char id[16];
        snprintf(id, sizeof id, "more %d", i);
        submit(more, "s", id, LARGE);
    }
    faults_let_syncs_go();
    writer_wait(w);
    writer_wait(more);
    for (size_t i = 0; i < more->len; i++)
        assert_null(more->subs[i].error);
    writer_free(more);
    writer_free(w);
}

/* Steps of erasing go on between commits; here one commit is written behind a step, and cannot be synced when the next step waits for it. */
static void erasing_waits_for_what_is_not_synced_and_fails_with_it(void **state)
{
    struct fixture *f = *state;
    struct writer *w = fill(f);
    unsigned before = atomic_load(&drains);
    faults_hold_syncs();
    submit_deletion(w);
    wait_until(it_drains_again, f, &before); /* the committer has it, and nothing else */
    before++;
    submit(w, "s", "behind", LARGE);
    for (bool written = false; !written;) { /* the deletion; a step */
        bool held = faults_syncs_held() > 0;
        written = is_written(f, "behind");
        if (held && !written)
            faults_let_one_sync_go();
        sched_yield();
    }
    wait_until(it_drains_again, f, &before);
    faults_arm(FAULT_SYNC, 1, EIO);
    faults_let_syncs_go();
    writer_wait(w);
    assert_true(w->subs[w->len - 1].error && w->subs[w->len - 1].error->maybe_applied);
    faults_clear();
    committer_wait_until_writable(f);
    retry_deletion(f, 0);
    writer_free(w);
}

/* A failure at the moment when it would be erasing's turn. */
static void a_commit_that_fails_is_not_followed_by_erasing(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    for (int i = 1; i <= 16; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        if (i == 16)
            faults_arm(FAULT_WRITE, 1, EIO);
        submit(w, "s", id, 10);
        writer_wait(w);
    }
    faults_clear();
    assert_non_null(w->subs[15].error);
    committer_wait_until_writable(f);
    writer_free(w);
}

/* Whatever has failed: nobody waits for a sync that is held. */
static int let_go(void **state)
{
    faults_clear();
    faults_let_syncs_go();
    reads_disarm();
    return committer_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, committer_setup, let_go)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(so_many_submissions_may_wait_however_small),
        TEST(whoever_comes_when_the_committer_ends_is_told_and_what_waits_is_stored),
        TEST(a_committer_that_cannot_write_ends_all_the_same),
        TEST(what_was_refused_before_keeps_its_reason_when_the_commit_fails),
        TEST(when_deciding_and_the_sync_before_it_fail_both_are_told),
        TEST(of_deletions_in_one_commit_the_first_deletes),
        TEST(erasing_waits_for_what_is_not_synced_and_fails_with_it),
        TEST(a_commit_that_is_answered_when_the_committer_ends_is_waited_for),
        TEST(a_deletion_whose_sync_fails_is_unknown_and_can_be_retried),
        TEST(a_deletion_behind_a_commit_that_is_not_synced_is_not_written),
        TEST(erasing_that_cannot_be_written_goes_on_later),
        TEST(erasing_goes_on_between_commits_that_never_pause),
        TEST(a_commit_that_fails_is_not_followed_by_erasing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
