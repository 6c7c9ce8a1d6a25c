/*
 * retain_test.c - retention policies, carried out: what they say goes, all else stays, whatever happens in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/gone.h"
#include "store/keys.h"
#include "store/place.h"
#include "store/retain.h"
#include "tests/store/decider.h"
#include "wire/text.h"

enum { SECOND_US = 1000000, STEPS_MAX = 10000, DAY_MS = 86400000 };

/* The committer's work, without its thread. */
struct keeper {
    struct fixture *f;
    struct store store;
    struct erase *erase;
    struct retain *retain;
    int64_t mono_ms;
};

static void keeper_open(struct keeper *k, struct fixture *f)
{
    struct error error;
    *k = (struct keeper){.f = f,
                         .store = {.log = f->log,
                                   .tail = tail_new(1 << 20),
                                   .gone = gone_new(),
                                   .retention = f->retention}};
    k->erase = erase_new(&k->store, NULL);
    k->retain = retain_new(&k->store, f->sequence.heads, k->erase);
    assert_int_equal(erase_load(k->erase, &error), REASON_NONE);
    assert_int_equal(retention_load(f->retention, f->log, &error), REASON_NONE);
}

static void keeper_close(struct keeper *k)
{
    retain_free(k->retain);
    erase_free(k->erase);
    gone_free(k->store.gone);
    tail_free(k->store.tail);
}

/* One step. false: there is nothing to do now. */
static bool keeper_step(struct keeper *k)
{
    struct error error;
    enum reason reason;
    if (erase_pending(k->erase))
        reason = erase_step(k->erase, &error);
    else if (retain_due_ms(k->retain) <= k->mono_ms)
        reason =
            retain_step(k->retain, k->f->sequence.end, k->f->now_us / 1000, k->mono_ms, &error);
    else
        return false;
    assert_int_equal(reason, REASON_NONE);
    return true;
}

/* Until nothing is left to do, after a pause. */
static int keep(struct fixture *f)
{
    struct keeper k;
    int steps = 0;
    keeper_open(&k, f);
    while (keeper_step(&k))
        assert_true(++steps < STEPS_MAX);
    keeper_close(&k);
    return steps;
}

static enum reason change(struct fixture *f, const struct set_retention_request *request,
                          bool *recorded)
{
    struct submission submission;
    struct error error;
    static int n;
    char id[32];
    snprintf(id, sizeof id, "change-%d", n++);
    struct event event = {.stream_name = text_span("__store__"),
                          .event_type = text_span("retention-set"),
                          .event_id = text_span(id)};
    struct bytes *raw = bytes_new(event_size(&event));
    event_put(raw->data, &event);
    assert_int_equal(place_raise(log_place(f->log), LOG_FORMAT_CUTS, &error), REASON_NONE);
    commit_begin(f);
    assert_true(submission_init_retention(&submission, request, bytes_span(raw)));
    assert_true(sequence_add(&f->sequence, &submission, &error));
    commit_write(f);
    *recorded = submission.recorded;
    if (*recorded)
        retention_apply(f->retention, request, submission.stored[0].order_id);
    enum reason reason = submission.error ? submission.error->reason : REASON_NONE;
    submission_fini(&submission);
    bytes_unref(raw);
    return reason;
}

static void set(struct fixture *f, const char *pattern, uint64_t max_age_ms, uint64_t max_count)
{
    bool recorded;
    const struct set_retention_request request = {
        .retention = {text_span(pattern), max_age_ms, max_count, 0}};
    assert_int_equal(change(f, &request, &recorded), REASON_NONE);
    assert_true(recorded);
}

static bool clear(struct fixture *f, const char *pattern)
{
    bool recorded;
    const struct set_retention_request request = {.retention = {.pattern = text_span(pattern)},
                                                  .clear = true};
    assert_int_equal(change(f, &request, &recorded), REASON_NONE);
    return recorded;
}

static void emit(struct fixture *f, const char *stream, int count)
{
    static int n;
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "id-%d", n++);
        assert_int_equal(emit_one(f, stream, id, "some payload", NULL), REASON_NONE);
    }
}

/* The versions of the first and the last event that the stream holds. */
static void expect_kept(struct fixture *f, const char *stream, uint64_t first, uint64_t last)
{
    struct head head;
    struct error error;
    assert_int_equal(head_read(f->log, text_span(stream), &head, &error), REASON_NONE);
    assert_int_equal(head.cut_version + 1, first);
    assert_int_equal(head.last_version, last);
}

static int setup(void **state)
{
    int failed = fixture_setup(state);
    struct fixture *f = *state;
    f->retention = f->sequence.retention = retention_new();
    return failed;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    retention_free(f->retention);
    return fixture_teardown(state);
}

/* ---- tests ---- */

static void the_newest_so_many_of_each_stream_are_kept(void **state)
{
    struct fixture *f = *state;
    emit(f, "logs/a", 10);
    emit(f, "logs/b", 3);
    emit(f, "other", 10);
    set(f, "logs/**", 0, 4);
    keep(f);
    expect_kept(f, "logs/a", 7, 10);
    expect_kept(f, "logs/b", 1, 3);
    expect_kept(f, "other", 1, 10);
    emit(f, "logs/a", 1);
    emit(f, "logs/b", 1);
    expect_kept(f, "logs/a", 7, 11);
    keep(f);
    expect_kept(f, "logs/a", 8, 11);
    expect_kept(f, "logs/b", 1, 4);
    fixture_verify(f);
}

static void what_was_stored_longer_ago_than_the_age_goes_and_not_a_moment_earlier(void **state)
{
    struct fixture *f = *state;
    for (int day = 0; day < 5; day++) {
        emit(f, "s", 2);
        emit(f, "t", 1);
        f->now_us += (int64_t)DAY_MS * 1000;
    }
    set(f, "s", 3 * (uint64_t)DAY_MS, 0); /* day 5 now: days 2, 3 and 4 stay */
    keep(f);
    expect_kept(f, "s", 5, 10);
    expect_kept(f, "t", 1, 5);
    f->now_us += 1000;
    keep(f);
    expect_kept(f, "s", 7, 10);
    f->now_us += (int64_t)DAY_MS * 1000 * 10; /* the stream is quiet, and time goes on */
    keep(f);
    expect_kept(f, "s", 11, 10);
    emit(f, "s", 1);
    expect_kept(f, "s", 11, 11);
    fixture_verify(f);
}

static void a_clock_that_is_behind_the_store_deletes_by_the_stores_time(void **state)
{
    struct fixture *f = *state;
    emit(f, "s", 1);
    f->now_us += 100 * (int64_t)SECOND_US;
    emit(f, "s", 1);
    f->now_us -= 1000 * (int64_t)SECOND_US;
    set(f, "s", 50000, 0);
    keep(f);
    expect_kept(f, "s", 2, 2);
}

static void age_and_count_hold_together(void **state)
{
    struct fixture *f = *state;
    emit(f, "s", 5);
    f->now_us += 10 * (int64_t)SECOND_US;
    emit(f, "s", 5);
    set(f, "s", 5000, 8);
    keep(f);
    expect_kept(f, "s", 6, 10);
    emit(f, "s", 5);
    keep(f);
    expect_kept(f, "s", 8, 15);
}

static void of_several_policies_the_most_particular_counts(void **state)
{
    struct fixture *f = *state;
    set(f, "**", 0, 1);
    set(f, "logs/**", 0, 0); /* everything */
    set(f, "logs/a**", 0, 2);
    set(f, "logs/a", 0, 3);
    emit(f, "logs", 5);
    emit(f, "logs/a", 5);
    emit(f, "logs/ab", 5);
    emit(f, "logs/b", 5);
    keep(f);
    expect_kept(f, "logs", 5, 5);
    expect_kept(f, "logs/a", 3, 5);
    expect_kept(f, "logs/ab", 4, 5);
    expect_kept(f, "logs/b", 1, 5);
    struct head head;
    struct error error;
    assert_int_equal(head_read(f->log, text_span("__store__"), &head, &error), REASON_NONE);
    assert_int_equal(head.cut_version, 0);
    assert_int_equal(head.last_version, 4);
}

static void a_policy_that_was_ended_takes_nothing_more(void **state)
{
    struct fixture *f = *state;
    set(f, "s", 0, 2);
    emit(f, "s", 5);
    keep(f);
    assert_true(clear(f, "s"));
    assert_false(clear(f, "s")); /* there is none */
    emit(f, "s", 5);
    keep(f);
    expect_kept(f, "s", 4, 10);
    fixture_verify(f);
}

static void it_goes_on_after_a_restart_between_any_two_steps(void **state)
{
    struct fixture *f = *state;
    char name[16];
    struct keeper k;
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "s/%d", i);
        emit(f, name, 5);
    }
    set(f, "s/**", 0, 2);
    for (int steps = 0;; steps++) {
        fixture_unload(f);
        fixture_load(f);
        keeper_open(&k, f);
        bool cut = keeper_step(&k);
        bool pending = erase_pending(k.erase);
        keeper_close(&k);
        fixture_verify(f);
        assert_true(cut && steps < STEPS_MAX);
        if (!pending && steps > 10)
            break;
    }
    keep(f);
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "s/%d", i);
        expect_kept(f, name, 4, 5);
    }
    fixture_verify(f);
}

static void each_step_is_bounded_however_many_streams_there_are(void **state)
{
    enum { STREAMS = 1000, CUT_EVERY = 2 };
    struct fixture *f = *state;
    struct keeper k;
    char name[16];
    for (int i = 0; i < STREAMS; i++) {
        snprintf(name, sizeof name, "s/%d", i);
        emit(f, name, i % CUT_EVERY ? 1 : 2);
    }
    set(f, "s/**", 0, 1);
    keeper_open(&k, f);
    int looks = 0;
    while (retain_due_ms(k.retain) <= k.mono_ms || erase_pending(k.erase)) {
        looks += !erase_pending(k.erase);
        assert_true(keeper_step(&k));
        int hidden = 0;
        for (int i = 0; i < STREAMS; i++) {
            snprintf(name, sizeof name, "s/%d", i);
            hidden += gone_covers(k.store.gone, text_span(name), 1);
        }
        assert_true(hidden <= RETAIN_STEP_CUTS);
    }
    assert_true(looks >= STREAMS / RETAIN_STEP_STREAMS);
    keeper_close(&k);
    for (int i = 0; i < STREAMS; i++) {
        snprintf(name, sizeof name, "s/%d", i);
        expect_kept(f, name, i % CUT_EVERY ? 1 : 2, i % CUT_EVERY ? 1 : 2);
    }
}

static void passes_pause_in_proportion_to_what_they_take(void **state)
{
    struct fixture *f = *state;
    struct keeper k;
    keeper_open(&k, f);
    assert_true(retain_due_ms(k.retain) == INT64_MAX); /* nobody asked for anything */
    set(f, "**", 0, 1);
    emit(f, "s", 1);
    emit(f, "t", 1);
    assert_true(retain_due_ms(k.retain) <= 0);
    while (keeper_step(&k)) {
    }
    assert_int_equal(retain_due_ms(k.retain), 1000);
    k.mono_ms = 1000;
    set(f, "t", 0, 1); /* a change is not made to wait */
    assert_int_equal(retain_due_ms(k.retain), 0);
    keeper_close(&k);
}

static void there_is_a_limit_to_policies_and_those_in_force_survive_a_restart(void **state)
{
    struct fixture *f = *state;
    char pattern[32];
    bool recorded;
    for (int i = 0; i < RETENTION_MAX; i++) {
        snprintf(pattern, sizeof pattern, "p/%d/**", i);
        set(f, pattern, 1000, (uint64_t)i);
    }
    struct set_retention_request request = {.retention = {text_span("one more"), 0, 1, 0}};
    assert_int_equal(change(f, &request, &recorded), REASON_TOO_LARGE);
    request.retention = (struct retention){text_span("p/7/**"), 1000, 7, 0};
    assert_int_equal(change(f, &request, &recorded), REASON_NONE);
    assert_false(recorded); /* it is so already */
    fixture_verify(f);
    struct error error;
    assert_int_equal(retention_load(f->retention, f->log, &error), REASON_NONE);
    struct retention_list *list = retention_list(f->retention);
    assert_int_equal(list->len, RETENTION_MAX);
    const struct retention *found = retention_of(list, text_span("p/9/x"));
    assert_non_null(found);
    assert_int_equal(found->max_count, 9);
    assert_int_equal(found->max_age_ms, 1000);
    free(list);
    request.retention.max_count = 8;
    assert_int_equal(change(f, &request, &recorded), REASON_NONE);
    assert_true(recorded);
    char text[255];
    assert_true(retention_match(f->retention, text_span("p/7/x"), text, &request.retention));
    assert_int_equal(request.retention.max_count, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_newest_so_many_of_each_stream_are_kept),
        TEST(what_was_stored_longer_ago_than_the_age_goes_and_not_a_moment_earlier),
        TEST(a_clock_that_is_behind_the_store_deletes_by_the_stores_time),
        TEST(age_and_count_hold_together),
        TEST(of_several_policies_the_most_particular_counts),
        TEST(a_policy_that_was_ended_takes_nothing_more),
        TEST(it_goes_on_after_a_restart_between_any_two_steps),
        TEST(each_step_is_bounded_however_many_streams_there_are),
        TEST(passes_pause_in_proportion_to_what_they_take),
        TEST(there_is_a_limit_to_policies_and_those_in_force_survive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
