/*
 * memory_faults_test.c - the committer when memory runs out, at each allocation of ours that a workload makes: once, and for good.
 */
#include "committer.h"
#include "tests/lib/allocs.h"

enum { SUBMISSIONS = 16, ALLOCATIONS_MAX = 5000, EVENTS_MAX = 200000 };

/* ---- what is committed ---- */

static size_t ids; /* so many events there are to be in the stream */

/* Ids of each kind: a UUIDv7, short and long texts. */
static void id_of(size_t i, char out[64])
{
    if (i % 3 == 0)
        snprintf(out, 64, "0190b5f2-0000-7000-8000-%012zx", i);
    else
        snprintf(out, 64, i % 3 == 1 ? "%zu" : "an-event-id-that-is-longer-%zu", i);
}

static struct submission *make(struct writer *w, size_t i)
{
    char id[64];
    id_of(i, id);
    return writer_make(w, "s", id, 3000);
}

static void take_back(struct writer *w)
{
    submission_fini(&w->subs[--w->len]);
    bytes_unref(w->raw[w->len]);
}

/* Everything again, with the same ids, until all is stored; what was stored before is a duplicate now. */
static void retry(struct fixture *f, size_t from)
{
    struct writer *w = writer_new(f);
    struct error error;
    for (size_t i = from; i < from + SUBMISSIONS; i++) {
        struct submission *sub = make(w, i);
        assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
        writer_wait(w);
        assert_null(sub->error);
    }
    writer_free(w);
}

/* false: the nth allocation was not reached. */
static bool commit_with_the_nth_failing(struct fixture *f, long nth, bool all_later)
{
    struct writer *w = writer_new(f);
    struct submission *subs[SUBMISSIONS];
    struct error error;
    for (size_t i = 0; i < SUBMISSIONS; i++)
        subs[i] = make(w, ids + i);
    size_t taken = 0;
    allocs_arm(nth, all_later);
    while (taken < SUBMISSIONS &&
           commit_submit(f->store.commit, subs[taken], &error) == REASON_NONE)
        taken++;
    while (w->len > taken)
        take_back(w);
    writer_wait(w);
    allocs_disarm();
    assert_true(taken == SUBMISSIONS || error.retryable);
    for (size_t i = 0; i < taken; i++)
        assert_true(!subs[i]->error || subs[i]->error->retryable);
    writer_free(w);
    committer_wait_until_writable(f);
    retry(f, ids);
    ids += SUBMISSIONS;
    return allocs_hit();
}

static void assert_all_once(struct fixture *f)
{
    static bool seen[EVENTS_MAX];
    struct head head;
    struct error error;
    assert_int_equal(head_read(f->store.log, text_span("s"), &head, &error), REASON_NONE);
    assert_int_equal(head.last_version, ids);
    for (size_t i = 0; i < ids; i++) {
        char id[64];
        struct bytes *value;
        struct id_entry entry;
        id_of(i, id);
        struct key key = key_event_id(text_span(id));
        assert_int_equal(log_get(f->store.log, key_span(&key), &value, &error), REASON_NONE);
        assert_non_null(value);
        assert_true(id_entry_decode(bytes_span(value), &entry));
        assert_true(entry.version >= 1 && entry.version <= ids && !seen[entry.version]);
        seen[entry.version] = true;
        bytes_unref(value);
    }
}

/* semantics 3, 8 */
static void whoever_retries_when_memory_has_run_out_has_all_events_once(void **state)
{
    struct fixture *f = *state;
    ids = 0;
    for (int all_later = 0; all_later < 2; all_later++) {
        long nth = 1;
        while (commit_with_the_nth_failing(f, nth, all_later != 0)) {
            nth++;
            assert_true(nth < ALLOCATIONS_MAX && ids + SUBMISSIONS < EVENTS_MAX);
        }
        assert_true(nth > 10); /* it did reach something */
    }
    assert_all_once(f);
}

static void a_committer_that_has_no_memory_to_begin_says_so(void **state)
{
    struct fixture *f = *state;
    const struct commit_options options = committer_options(f);
    struct error error = {0};
    struct commit *commit = NULL;
    long nth = 0;
    retry(f, 0);
    commit_close(f->store.commit);
    while (!commit) {
        allocs_arm(++nth, false);
        commit = commit_open(&f->store, &options, &error);
        allocs_disarm();
        assert_true(commit || error.message[0]);
        assert_true(nth < ALLOCATIONS_MAX);
    }
    assert_true(nth > 5);
    f->store.commit = commit;
    retry(f, 0); /* and knows what it did before */
    struct head head;
    assert_int_equal(head_read(f->store.log, text_span("s"), &head, &error), REASON_NONE);
    assert_int_equal(head.last_version, SUBMISSIONS);
}

static void a_log_that_has_no_memory_to_open_says_so_and_opens_when_there_is(void **state)
{
    struct fixture *f = *state;
    const struct commit_options commit = committer_options(f);
    const struct log_options options = {.ballast_bytes = 4096};
    struct error error = {0};
    enum log_fault fault;
    long nth = 0;
    retry(f, 0);
    commit_close(f->store.commit);
    log_close(f->store.log);
    for (f->store.log = NULL; !f->store.log;) {
        allocs_arm(++nth, false);
        f->store.log = log_open(f->dir, &options, &fault, &error);
        allocs_disarm();
        assert_true(f->store.log || (fault == LOG_FAILED && error.message[0])); /* not "damaged" */
        assert_true(nth < ALLOCATIONS_MAX);
    }
    assert_true(nth > 5);
    f->store.commit = commit_open(&f->store, &commit, &error);
    assert_non_null(f->store.commit);
    retry(f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_retries_when_memory_has_run_out_has_all_events_once,
                                        committer_setup, committer_teardown),
        cmocka_unit_test_setup_teardown(a_committer_that_has_no_memory_to_begin_says_so,
                                        committer_setup, committer_teardown),
        cmocka_unit_test_setup_teardown(
            a_log_that_has_no_memory_to_open_says_so_and_opens_when_there_is, committer_setup,
            committer_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
