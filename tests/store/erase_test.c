/*
 * erase_test.c - the space of deleted streams comes back, and nothing else changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/erase.h"
#include "store/gone.h"
#include "store/locate.h"
#include "tests/store/decider.h"
#include "wire/text.h"

enum { COMMITS = 60, STEPS_MAX = 100 };

struct eraser {
    struct store store;
    struct erase *erase;
};

static void eraser_open(struct eraser *e, struct fixture *f)
{
    struct error error;
    *e = (struct eraser){.store = {.log = f->log, .tail = tail_new(1 << 20), .gone = gone_new()}};
    e->erase = erase_new(&e->store, NULL);
    assert_int_equal(erase_load(e->erase, &error), REASON_NONE);
}

static void eraser_close(struct eraser *e)
{
    erase_free(e->erase);
    gone_free(e->store.gone);
    tail_free(e->store.tail);
}

static void eraser_step(struct eraser *e)
{
    struct error error;
    assert_int_equal(erase_step(e->erase, &error), REASON_NONE);
}

/* A commit with events of both streams, side by side. */
static void fill(struct fixture *f)
{
    for (int i = 0; i < COMMITS; i++) {
        struct batch b;
        char id[4][16];
        batch_begin(&b);
        for (int n = 0; n < 4; n++) {
            snprintf(id[n], sizeof id[n], "%d-%d", i, n);
            batch_event(
                &b, n % 2 ? "kept" : "gone", id[n],
                "some payload that takes room, of the kind that makes it worth the while to give "
                "it back once nobody can read it any more");
        }
        commit_begin(f);
        batch_add(f, &b);
        commit_write(f);
        batch_end(&b);
    }
}

struct found {
    uint64_t gone, kept, stubs, bytes, records;
};

static struct found look(struct fixture *f)
{
    struct found found = {0};
    struct error error;
    struct log_iter *iter = log_iter_open(f->log, LOG_SCAN);
    struct key from = key_record(0);
    uint64_t order_id;
    for (log_iter_seek(iter, key_span(&from));
         log_iter_valid(iter) && key_record_read(log_iter_key(iter), &order_id);
         log_iter_next(iter)) {
        struct record record;
        struct span frame, raw;
        assert_int_equal(record_open(order_id, log_iter_value(iter), &record, &error), REASON_NONE);
        assert_int_equal(record.number, ++found.records);
        struct span rest = record.body;
        for (uint64_t at = record.first; record_next(&rest, &frame, &raw) == 1; at++) {
            struct event event;
            assert_true(event_read(raw, &event));
            assert_int_equal(event.order_id, at);
            found.stubs += event.stream_name.len == 0;
            found.gone += text_equal(event.stream_name, text_span("gone"));
            found.kept += text_equal(event.stream_name, text_span("kept"));
        }
        found.bytes += record.body.len;
    }
    log_iter_close(iter);
    return found;
}

static void finish(struct eraser *e)
{
    int steps = 0;
    for (; erase_pending(e->erase); steps++) {
        assert_true(steps < STEPS_MAX);
        eraser_step(e);
    }
    assert_true(steps > 1); /* one step is bounded */
}

/* semantics 5 */
static void erasing_takes_the_events_of_the_stream_and_no_others(void **state)
{
    struct fixture *f = *state;
    struct eraser e;
    uint64_t deleted, at;
    fill(f);
    struct found before = look(f);
    assert_int_equal(delete_one(f, "gone", &deleted, &at), REASON_NONE);
    assert_int_equal(deleted, 2 * COMMITS);
    eraser_open(&e, f);
    assert_true(gone_covers(e.store.gone, text_span("gone"), deleted));
    finish(&e);
    struct found after = look(f);
    assert_int_equal(after.gone, 0);
    assert_int_equal(after.kept, before.kept);
    assert_int_equal(after.stubs, 2 * COMMITS);
    assert_int_equal(after.records, before.records + 1);
    assert_true(after.bytes < before.bytes * 3 / 4);
    assert_false(gone_any(e.store.gone));
    eraser_close(&e);
}

/* semantics 5 */
static void erasing_goes_on_where_it_stopped_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct eraser e;
    uint64_t deleted;
    fill(f);
    assert_int_equal(delete_one(f, "gone", &deleted, NULL), REASON_NONE);
    for (int steps = 0;; steps++) {
        fixture_unload(f);
        fixture_load(f);
        eraser_open(&e, f);
        bool pending = erase_pending(e.erase);
        assert_int_equal(gone_any(e.store.gone), pending);
        if (pending)
            eraser_step(&e);
        eraser_close(&e);
        assert_true(steps < STEPS_MAX);
        if (!pending)
            break;
    }
    assert_int_equal(look(f).gone, 0);
    assert_int_equal(look(f).kept, 2 * COMMITS);
}

/* semantics 3, 5 */
static void event_ids_and_versions_survive_erasing(void **state)
{
    struct fixture *f = *state;
    struct eraser e;
    struct stored_at at;
    uint64_t deleted;
    fill(f);
    assert_int_equal(delete_one(f, "gone", &deleted, NULL), REASON_NONE);
    eraser_open(&e, f);
    finish(&e);
    eraser_close(&e);
    fixture_unload(f);
    fixture_load(f);
    assert_int_equal(emit_one(f, "gone", "7-0", "another", &at), REASON_EVENT_ID_REUSED);
    assert_int_equal(emit_one(f, "gone", "new", "x", &at), REASON_NONE);
    assert_int_equal(at.version, 2 * COMMITS + 1);
    assert_int_equal(look(f).gone, 1);
    assert_int_equal(delete_one(f, "gone", &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, 1);
}

static void truncate_before(struct fixture *f, const char *stream, uint64_t version)
{
    const struct delete_request request = {.stream_name = text_span(stream),
                                           .before_version = version};
    uint64_t deleted;
    assert_int_equal(delete_some(f, &request, &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, version - 1);
}

/* The stream's first version that the index knows. */
static uint64_t first_version(struct fixture *f, const char *stream)
{
    struct located at;
    struct error error;
    struct log_iter *iter = log_iter_open(f->log, LOG_READ);
    assert_int_equal(locate_find(iter, text_span(stream), 1, &at, &error), 1);
    log_iter_close(iter);
    return at.version;
}

/* semantics 5 */
static void truncating_takes_the_events_before_the_version_also_within_a_record(void **state)
{
    struct fixture *f = *state;
    struct eraser e;
    struct head head;
    struct error error;
    fill(f);
    truncate_before(f, "gone", 62); /* of the record with versions 61 and 62 the second stays */
    for (bool pending = true; pending;) {
        fixture_verify(f);
        eraser_open(&e, f);
        pending = erase_pending(e.erase);
        assert_int_equal(gone_covers(e.store.gone, text_span("gone"), 61), pending);
        assert_false(gone_covers(e.store.gone, text_span("gone"), 62));
        if (pending)
            eraser_step(&e);
        eraser_close(&e);
    }
    assert_int_equal(look(f).gone, 2 * COMMITS - 61);
    assert_int_equal(look(f).kept, 2 * COMMITS);
    assert_int_equal(look(f).stubs, 61);
    assert_int_equal(first_version(f, "gone"), 62);
    assert_int_equal(head_read(f->log, text_span("gone"), &head, &error), REASON_NONE);
    assert_int_equal(head.last_version, 2 * COMMITS);
    assert_int_equal(head.cut_version, 61);
}

/* semantics 5 */
static void streams_that_share_records_are_cut_side_by_side(void **state)
{
    struct fixture *f = *state;
    struct eraser e;
    fill(f);
    truncate_before(f, "gone", 20);
    truncate_before(f, "kept", 8);
    eraser_open(&e, f);
    while (erase_pending(e.erase))
        eraser_step(&e);
    assert_false(gone_any(e.store.gone));
    eraser_close(&e);
    assert_int_equal(look(f).gone, 2 * COMMITS - 19);
    assert_int_equal(look(f).kept, 2 * COMMITS - 7);
    fixture_verify(f);
}

/* semantics 5 */
static void a_stream_that_is_cut_twice_before_it_is_erased_ends_at_the_later_cut(void **state)
{
    struct fixture *f = *state;
    struct eraser e;
    fill(f);
    const struct delete_request twice[] = {
        {.stream_name = text_span("gone"), .before_version = 10},
        {.stream_name = text_span("gone"), .before_version = 16}};
    uint64_t deleted;
    for (int i = 0; i < 2; i++)
        assert_int_equal(delete_some(f, &twice[i], &deleted, NULL), REASON_NONE);
    assert_int_equal(deleted, 6);
    eraser_open(&e, f);
    assert_true(gone_covers(e.store.gone, text_span("gone"), 15));
    while (erase_pending(e.erase))
        eraser_step(&e);
    assert_false(gone_any(e.store.gone));
    eraser_close(&e);
    assert_int_equal(first_version(f, "gone"), 16);
    fixture_verify(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(erasing_takes_the_events_of_the_stream_and_no_others,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(erasing_goes_on_where_it_stopped_after_a_restart,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(event_ids_and_versions_survive_erasing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(
            truncating_takes_the_events_before_the_version_also_within_a_record, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(streams_that_share_records_are_cut_side_by_side,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
            a_stream_that_is_cut_twice_before_it_is_erased_ends_at_the_later_cut, fixture_setup,
            fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
