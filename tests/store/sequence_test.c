/*
 * sequence_test.c - decisions about commits, against a naive model of the semantics and a real log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/store/decider.h"
#include "wire/text.h"

/* ---- order ids ---- */

/* semantics 2 */
static void order_ids_follow_the_clock_and_never_go_back(void **state)
{
    struct fixture *f = *state;
    struct stored_at first, second, third;
    assert_int_equal(emit_one(f, "a", "1", "x", &first), REASON_NONE);
    assert_int_equal(first.order_id, NOW_US);
    f->now_us -= 3600000000;
    assert_int_equal(emit_one(f, "a", "2", "x", &second), REASON_NONE);
    assert_int_equal(second.order_id, NOW_US + 1);
    assert_true(f->sequence.end.last_time_ms == NOW_US / 1000);
    f->now_us = NOW_US + 5000;
    assert_int_equal(emit_one(f, "a", "3", "x", &third), REASON_NONE);
    assert_int_equal(third.order_id, NOW_US + 5000);
    assert_int_equal(third.version, 3);
}

/* semantics 2 */
static void before_1970_order_ids_go_on_from_the_last(void **state)
{
    struct fixture *f = *state;
    struct stored_at first, second;
    assert_int_equal(emit_one(f, "s", "1", "{}", &first), REASON_NONE);
    f->now_us = -1000000;
    assert_int_equal(emit_one(f, "s", "2", "{}", &second), REASON_NONE);
    assert_int_equal(second.order_id, first.order_id + 1);
}

/* semantics 2 */
static void order_ids_go_on_after_the_store_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct stored_at at;
    emit_one(f, "a", "1", "x", &at);
    fixture_unload(f);
    fixture_load(f);
    f->now_us = 1;
    assert_int_equal(emit_one(f, "a", "2", "x", &at), REASON_NONE);
    assert_int_equal(at.order_id, NOW_US + 1);
    assert_int_equal(at.version, 2);
}

/* ---- duplicates ---- */

/* semantics 3 */
static void a_retry_gets_the_first_places_also_within_one_commit(void **state)
{
    struct fixture *f = *state;
    struct batch a, b;
    batch_begin(&a);
    batch_event(&a, "s", "1", "x");
    batch_event(&a, "t", "2", "y");
    batch_begin(&b);
    batch_event(&b, "s", "1", "x");
    batch_event(&b, "t", "2", "y");
    commit_begin(f);
    batch_add(f, &a);
    batch_add(f, &b);
    commit_write(f);
    assert_null(b.submission.error);
    assert_true(b.submission.duplicate);
    assert_memory_equal(a.submission.stored, b.submission.stored, 2 * sizeof(struct stored_at));
    assert_int_equal(f->sequence.end.last_order_id, NOW_US + 1);
    batch_end(&a);
    batch_end(&b);
}

/* semantics 3 */
static void a_retry_of_a_success_is_a_success_though_its_expectation_no_longer_holds(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        struct batch b;
        batch_begin(&b);
        batch_event(&b, "s", "1", "x");
        batch_expect(&b, "s", EXPECT_NO_STREAM, 0);
        commit_begin(f);
        batch_add(f, &b);
        commit_write(f);
        assert_null(b.submission.error);
        assert_int_equal(b.submission.duplicate, i == 1);
        batch_end(&b);
    }
}

/* semantics 3 */
static void an_event_id_is_refused_for_other_content(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(emit_one(f, "s", "1", "x", NULL), REASON_NONE);
    assert_int_equal(emit_one(f, "s", "1", "y", NULL), REASON_EVENT_ID_REUSED);
    assert_int_equal(emit_one(f, "t", "1", "x", NULL), REASON_EVENT_ID_REUSED);
    assert_int_equal(emit_one(f, "s", "1", "x", NULL), REASON_NONE);
}

/* semantics 3 */
static void a_partly_known_batch_stores_nothing(void **state)
{
    struct fixture *f = *state;
    emit_one(f, "s", "1", "x", NULL);
    struct batch b;
    batch_begin(&b);
    batch_event(&b, "s", "2", "x");
    batch_event(&b, "s", "1", "x");
    commit_begin(f);
    batch_add(f, &b);
    commit_write(f);
    assert_int_equal(b.submission.error->reason, REASON_PARTIAL_DUPLICATE);
    batch_end(&b);
    struct stored_at at;
    assert_int_equal(emit_one(f, "s", "2", "x", &at), REASON_NONE);
    assert_int_equal(at.version, 2);
}

/* semantics 3 */
static void event_ids_are_known_after_the_store_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct stored_at first, again;
    const char *ids[] = {"0192d7a5-3f10-7abc-8def-0123456789ab",
                         "6f9619ff-8b86-4d11-b42d-00c04fc964ff", "173688-7"};
    for (int i = 0; i < 3; i++) {
        emit_one(f, "s", ids[i], "x", &first);
        fixture_unload(f);
        fixture_load(f);
        assert_int_equal(emit_one(f, "s", ids[i], "x", &again), REASON_NONE);
        assert_memory_equal(&first, &again, sizeof first);
    }
}

/* ---- expectations ---- */

/* semantics 4 */
static void all_expectations_that_fail_are_reported_together(void **state)
{
    struct fixture *f = *state;
    emit_one(f, "s", "1", "x", NULL);
    struct batch b;
    batch_begin(&b);
    batch_event(&b, "s", "2", "x");
    batch_expect(&b, "s", EXPECT_VERSION, 5);
    batch_expect(&b, "s", EXPECT_VERSION, 1);
    batch_expect(&b, "s", EXPECT_NO_STREAM, 0);
    batch_expect(&b, "t", EXPECT_EXISTS, 0);
    commit_begin(f);
    batch_add(f, &b);
    commit_write(f);
    const struct error *error = b.submission.error;
    assert_int_equal(error->reason, REASON_WRONG_VERSION);
    assert_int_equal(error->wrong_versions, 3);
    assert_string_equal(error->wrong_version[0].stream_name, "s");
    assert_int_equal(error->wrong_version[0].expected, 5);
    assert_int_equal(error->wrong_version[0].version, 1);
    assert_true(error->wrong_version[0].exists);
    assert_string_equal(error->wrong_version[2].stream_name, "t");
    assert_false(error->wrong_version[2].exists);
    batch_end(&b);
    assert_int_equal(f->sequence.end.last_order_id, NOW_US);
}

static void expect_words(struct fixture *f, enum expect_kind kind, const char *stream,
                         unsigned times, const char *words)
{
    struct batch b;
    batch_begin(&b);
    batch_event(&b, "s", "never", "x");
    for (unsigned i = 0; i < times; i++)
        batch_expect(&b, stream, kind, 5);
    commit_begin(f);
    batch_add(f, &b);
    commit_write(f);
    assert_int_equal(b.submission.error->wrong_versions, times);
    assert_non_null(strstr(b.submission.error->message, words));
    batch_end(&b);
}

/* semantics 4 */
static void an_expectation_that_fails_is_told_in_words(void **state)
{
    struct fixture *f = *state;
    emit_one(f, "s", "1", "x", NULL);
    expect_words(f, EXPECT_VERSION, "s", 1, "to have version 5 and has version 1; nothing");
    expect_words(f, EXPECT_NO_STREAM, "s", 1, "to have no event and has version 1; nothing");
    expect_words(f, EXPECT_EXISTS, "t", 1,
                 "to have an event and has version 0 and no event; nothing");
    expect_words(f, EXPECT_EXISTS, "t", WRONG_VERSIONS_MAX + 2, "(more expectations failed, too)");
}

/* semantics 4 */
static void of_two_writers_with_one_expectation_in_one_commit_the_first_wins(void **state)
{
    struct fixture *f = *state;
    struct batch b[2];
    commit_begin(f);
    for (int i = 0; i < 2; i++) {
        batch_begin(&b[i]);
        batch_event(&b[i], "s", i ? "2" : "1", "x");
        batch_expect(&b[i], "s", EXPECT_VERSION, 0);
        batch_add(f, &b[i]);
    }
    commit_write(f);
    assert_null(b[0].submission.error);
    assert_int_equal(b[1].submission.error->reason, REASON_WRONG_VERSION);
    assert_int_equal(b[1].submission.error->wrong_version[0].version, 1);
    batch_end(&b[0]);
    batch_end(&b[1]);
}

/* ---- deletion ---- */

/* semantics 5 */
static void deletion_keeps_the_version_counter_and_the_event_ids(void **state)
{
    struct fixture *f = *state;
    uint64_t deleted;
    struct stored_at at;
    emit_one(f, "s", "1", "x", NULL);
    emit_one(f, "s", "2", "x", NULL);
    assert_int_equal(delete_one(f, "s", &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(delete_one(f, "s", &deleted, NULL), REASON_NONE);
        assert_int_equal(deleted, 0);
        fixture_unload(f);
        fixture_load(f);
    }
    assert_int_equal(emit_one(f, "s", "1", "y", NULL), REASON_EVENT_ID_REUSED);
    assert_int_equal(emit_one(f, "s", "3", "x", &at), REASON_NONE);
    assert_int_equal(at.version, 3);
    assert_int_equal(delete_one(f, "s", &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, 1);
}

/* semantics 4, 5 */
static void a_deleted_stream_does_not_exist_but_has_its_version(void **state)
{
    struct fixture *f = *state;
    uint64_t deleted;
    emit_one(f, "s", "1", "x", NULL);
    delete_one(f, "s", &deleted, NULL);
    struct batch b;
    batch_begin(&b);
    batch_event(&b, "s", "2", "x");
    batch_expect(&b, "s", EXPECT_NO_STREAM, 0);
    batch_expect(&b, "s", EXPECT_VERSION, 1);
    commit_begin(f);
    batch_add(f, &b);
    commit_write(f);
    assert_null(b.submission.error);
    batch_end(&b);
}

/* ---- giving up ---- */

static void a_commit_that_was_given_up_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct error error;
    struct log_end before = f->sequence.end;
    struct batch b;
    batch_begin(&b);
    batch_event(&b, "s", "1", "x");
    commit_begin(f);
    batch_add(f, &b);
    batch_end(&b);
    assert_int_equal(sequence_reset(&f->sequence, before, &error), REASON_NONE);
    struct stored_at at;
    assert_int_equal(emit_one(f, "s", "1", "other", &at), REASON_NONE);
    assert_int_equal(at.version, 1);
}

/* ---- many streams ---- */

/* Records of one commit share the table that finds a record's streams: what one leaves behind would fill it. */
static void a_commit_holds_thousands_of_streams_in_many_records(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 4000, PAYLOAD = 300 };
    struct batch *batches = calloc(MANY, sizeof *batches);
    char payload[PAYLOAD + 1] = "", name[16];
    assert_non_null(batches);
    memset(payload, 'x', PAYLOAD);
    commit_begin(f);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "order-%d", i);
        batch_begin(&batches[i]);
        batch_event(&batches[i], name, name, payload);
        batch_add(f, &batches[i]);
    }
    commit_write(f);
    for (int i = 0; i < MANY; i++) {
        struct head head;
        struct error error;
        snprintf(name, sizeof name, "order-%d", i);
        assert_null(batches[i].submission.error);
        batch_end(&batches[i]);
        assert_int_equal(head_read(f->log, text_span(name), &head, &error), REASON_NONE);
        assert_int_equal(head.last_version, 1);
    }
    free(batches);
}

/* ---- against a model ---- */

enum { STREAMS = 5, IDS = 400, STEPS = 3000 };
struct model {
    uint64_t version[STREAMS], cut[STREAMS], last;
    struct {
        int stream, content;
        struct stored_at at;
    } id[IDS]; /* at.order_id 0: unknown */
};

static void name_of(char out[8], int i)
{
    snprintf(out, 8, "s%d", i);
}

/* What the semantics says about the batch, and, when it is stored, its effect on the model. */
static enum reason model_emit(struct model *m, int n, const int *stream, const int *id,
                              const int *content, int expected_stream, int64_t expected)
{
    int known = 0, reused = 0;
    for (int i = 0; i < n; i++)
        if (m->id[id[i]].at.order_id) {
            known++;
            reused += m->id[id[i]].content != content[i] || m->id[id[i]].stream != stream[i];
        }
    if (reused)
        return REASON_EVENT_ID_REUSED;
    if (known)
        return known == n ? REASON_NONE : REASON_PARTIAL_DUPLICATE;
    if (expected >= 0 && m->version[expected_stream] != (uint64_t)expected)
        return REASON_WRONG_VERSION;
    for (int i = 0; i < n; i++) {
        m->id[id[i]].stream = stream[i];
        m->id[id[i]].content = content[i];
        m->id[id[i]].at = (struct stored_at){++m->last, ++m->version[stream[i]]};
    }
    return REASON_NONE;
}

static void step_emit(struct fixture *f, struct model *m, struct batch *b)
{
    int n = 1 + rand() % 4, stream[4], id[4], content[4];
    int expected_stream = rand() % STREAMS;
    int64_t expected = rand() % 3 ? -1 : (int64_t)m->version[expected_stream] - rand() % 2;
    batch_begin(b);
    int first = rand() % (IDS - 4);
    for (int i = 0; i < n; i++) {
        id[i] = first + i;
        stream[i] = m->id[id[i]].at.order_id && rand() % 8 ? m->id[id[i]].stream : rand() % STREAMS;
        content[i] = m->id[id[i]].at.order_id && rand() % 8 ? m->id[id[i]].content : rand() % 3;
        char name[8], text[40], payload[8];
        name_of(name, stream[i]);
        snprintf(text, sizeof text, "0192d7a5-3f10-%s-8def-%012d", id[i] % 2 ? "7abc" : "4abc",
                 id[i]);
        snprintf(payload, sizeof payload, "%d", content[i]);
        batch_event(b, name, text, payload);
    }
    static char expect_name[8];
    name_of(expect_name, expected_stream);
    if (expected >= 0)
        batch_expect(b, expect_name, EXPECT_VERSION, (uint64_t)expected);
    batch_add(f, b);
    enum reason reason = model_emit(m, n, stream, id, content, expected_stream, expected);
    assert_int_equal(b->submission.error ? b->submission.error->reason : REASON_NONE, reason);
    for (int i = 0; reason == REASON_NONE && i < n; i++)
        assert_memory_equal(&b->submission.stored[i], &m->id[id[i]].at, sizeof(struct stored_at));
}

/* semantics 1, 3, 4 */
static void random_histories_agree_with_the_model(void **state)
{
    struct fixture *f = *state;
    struct model m = {.last = NOW_US - 1};
    srand(7);
    for (int step = 0; step < STEPS;) {
        struct batch b[8];
        int n = 1 + rand() % 8;
        commit_begin(f);
        for (int i = 0; i < n; i++)
            step_emit(f, &m, &b[i]);
        commit_write(f);
        assert_int_equal(f->sequence.end.last_order_id, m.last < NOW_US ? 0 : m.last);
        for (int i = 0; i < n; i++)
            batch_end(&b[i]);
        step += n;
        if (rand() % 50 == 0) {
            fixture_unload(f);
            fixture_load(f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(order_ids_follow_the_clock_and_never_go_back, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(before_1970_order_ids_go_on_from_the_last, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(order_ids_go_on_after_the_store_is_opened_again,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_retry_gets_the_first_places_also_within_one_commit,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            a_retry_of_a_success_is_a_success_though_its_expectation_no_longer_holds, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(an_event_id_is_refused_for_other_content, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_partly_known_batch_stores_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(event_ids_are_known_after_the_store_is_opened_again,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_expectation_that_fails_is_told_in_words, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(all_expectations_that_fail_are_reported_together,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            of_two_writers_with_one_expectation_in_one_commit_the_first_wins, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(deletion_keeps_the_version_counter_and_the_event_ids,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deleted_stream_does_not_exist_but_has_its_version,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_was_given_up_leaves_no_trace, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_commit_holds_thousands_of_streams_in_many_records,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(random_histories_agree_with_the_model, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
