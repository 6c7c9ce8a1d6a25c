/*
 * measures_test.c - what is counted of emits and commits.
 */
#include "committer.h"

#include "store/metrics.h"

static uint64_t count(const struct histogram_values *values)
{
    uint64_t n = 0;
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        n += values->bin[i];
    return n;
}

static struct metrics metrics_of(struct fixture *f)
{
    struct metrics metrics = {0};
    metrics_take_measures(&metrics, &f->store.measures);
    return metrics;
}

static struct submission *submit(struct writer *w, const char *id, size_t payload)
{
    struct error error;
    struct submission *sub = writer_make(w, "s", id, payload);
    sub->lane = &w->lane; /* never told "busy" */
    assert_int_equal(commit_submit(w->f->store.commit, sub, &error), REASON_NONE);
    return sub;
}

static void what_is_stored_is_counted(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    size_t bytes = 0;
    for (size_t i = 0; i < 500; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        bytes += submit(w, id, i)->request.events[0].raw.len;
    }
    writer_wait(w);
    struct metrics m = metrics_of(f);
    assert_int_equal(m.emits, 500);
    assert_int_equal(m.emitted_events, 500);
    assert_int_equal(m.emitted_bytes, bytes);
    assert_int_equal(m.duplicates, 0);
    assert_int_equal(count(&m.emit_us), 500);
    assert_in_range(m.commits, 1, 500);
    assert_int_equal(count(&m.commit_events), m.commits);
    assert_int_equal(m.commit_events.sum, 500);
    assert_true(m.commit_bytes.sum > bytes);
    assert_int_equal(count(&m.commit_us), m.commits);
    assert_in_range(count(&m.sync_us), 1, m.commits);
    assert_true(m.commit_us.sum >= m.sync_us.sum / m.commits);
    writer_free(w);
}

static void a_time_is_measured_from_the_arrival(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    const uint64_t hour_us = 3600ull * 1000000;
    struct submission *sub = writer_make(w, "s", "early", 1);
    sub->received_us = tally_now_us() - hour_us;
    assert_int_equal(commit_submit(f->store.commit, sub, &error), REASON_NONE);
    writer_wait(w);
    submit(w, "late", 1);
    writer_wait(w);
    struct metrics m = metrics_of(f);
    assert_in_range(m.emit_us.sum, hour_us, 2 * hour_us);
    assert_int_equal(m.emit_us.bin[32], 1);
    assert_true(m.commit_us.sum < hour_us);
    writer_free(w);
}

static void a_retry_counts_as_a_duplicate_and_is_no_commit(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    submit(w, "same", 10);
    writer_wait(w);
    struct metrics before = metrics_of(f);
    submit(w, "same", 10);
    writer_wait(w);
    struct metrics m = metrics_of(f);
    assert_int_equal(m.emits, 1);
    assert_int_equal(m.duplicates, 1);
    assert_int_equal(count(&m.emit_us), 2);
    assert_int_equal(m.commits, before.commits);
    writer_free(w);
}

static void a_refusal_is_counted_by_its_reason(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    submit(w, "taken", 10);
    submit(w, "taken", 11);
    writer_wait(w);
    struct metrics m = metrics_of(f);
    assert_int_equal(m.emits, 1);
    assert_int_equal(m.refused[REASON_EVENT_ID_REUSED], 1);
    writer_free(w);
}

static void an_import_is_no_emit(void **state)
{
    (void)state;
    struct measures measures = {0};
    struct submission imported = {.kind = SUBMIT_IMPORT, .bytes = 1000},
                      emitted = {.kind = SUBMIT_EMIT};
    uint64_t answered = 0;
    imported.next = &emitted;
    struct chain done = chain_of(&imported);
    measures_answers(&measures, &done);
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        answered += tally_get(&measures.emit_us.bin[i]);
    assert_int_equal(tally_get(&measures.emits), 1);
    assert_int_equal(answered, 1);
}

/* The queue's limit is 100,000 bytes. */
static void what_is_told_busy_is_counted_and_the_queue_is_known(void **state)
{
    struct fixture *f = *state;
    struct writer *w = writer_new(f);
    struct error error;
    uint64_t busy = 0;
    size_t most = 0;
    for (size_t i = 0; busy == 0 && i < WRITER_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "%zu", i);
        struct submission *sub = writer_make(w, "s", id, 60000);
        if (commit_submit(f->store.commit, sub, &error) != REASON_NONE) {
            assert_int_equal(error.reason, REASON_BUSY);
            busy++;
            pthread_mutex_lock(&f->lock);
            w->done++; /* nobody else will */
            pthread_mutex_unlock(&f->lock);
        }
        struct commit_queue queue = commit_queue(f->store.commit);
        assert_int_equal(queue.bytes > 0, queue.submissions > 0);
        most = queue.bytes > most ? queue.bytes : most;
    }
    writer_wait(w);
    struct metrics m = metrics_of(f);
    assert_int_equal(m.refused[REASON_BUSY], busy);
    assert_true(busy == 0 || most > 40000);
    struct commit_queue queue = commit_queue(f->store.commit);
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(queue.submissions, 0);
    assert_int_equal(queue.down, REASON_NONE);
    writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_stored_is_counted, committer_setup,
                                        committer_teardown),
        cmocka_unit_test_setup_teardown(a_time_is_measured_from_the_arrival, committer_setup,
                                        committer_teardown),
        cmocka_unit_test_setup_teardown(a_retry_counts_as_a_duplicate_and_is_no_commit,
                                        committer_setup, committer_teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_counted_by_its_reason, committer_setup,
                                        committer_teardown),
        cmocka_unit_test(an_import_is_no_emit),
        cmocka_unit_test_setup_teardown(what_is_told_busy_is_counted_and_the_queue_is_known,
                                        committer_setup, committer_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
