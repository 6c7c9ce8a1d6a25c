/*
 * builder_test.c - what a commit is built of, when memory runs out at each of its allocations, and when its estimates are wrong.
 */
#include "store/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/allocs.h"
#include "wire/text.h"

enum { STREAMS = 300, ALLOCATIONS_MAX = 1000, LARGE = 20000 };

/* One event of a stream whose hash is given: names may share one. */
static bool add(struct builder *b, const char *stream, uint64_t hash, const char *id,
                uint64_t version, size_t payload, bool deletion)
{
    static const uint8_t zero[LARGE];
    static uint8_t raw[LARGE + 1024];
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("T"),
                          .event_id = text_span(id),
                          .payload = {zero, payload}};
    struct event_facts facts = {.stream_hash = hash};
    struct key key = key_event_id(text_span(id));
    event.raw = (struct span){raw, (size_t)(event_put(raw, &event) - raw)};
    return deletion ? builder_delete(b, &event, &facts, &key, version, text_span("gone"), 9)
                    : builder_add(b, &event, &facts, &key, version);
}

/* A commit that uses all there is: more streams than the first table holds, names with one hash, events of one stream that follow each other
 * and that do not, a deletion among them, records that are full, and an estimate that was far too small. false: no memory. */
static bool build(struct builder *b)
{
    static char names[STREAMS][16];
    builder_start(b, 1000, 1, 1, 10);
    for (size_t i = 0; i < STREAMS; i++) {
        snprintf(names[i], sizeof names[i], "s%zu", i);
        if (!add(b, names[i], i / 2, names[i], 1, 20, false))
            return false;
    }
    for (uint64_t version = 1; version <= 4; version++)
        if (!add(b, version == 3 ? "other" : "one", 7, version == 3 ? "x" : "y",
                 version == 4   ? 3
                 : version == 3 ? 1
                                : version,
                 100, false))
            return false;
    return add(b, "__store__", 1, "deletion", 1, 30, true) &&
           add(b, "one", 7, "z", 4, LARGE, false) && add(b, "one", 7, "w", 5, 10, false) &&
           builder_finish(b);
}

static void expect_all(const struct builder *b)
{
    size_t records, names;
    uint64_t next = 1000;
    const struct built *built = builder_records(b, &records);
    for (size_t i = 0; i < records; i++) {
        assert_int_equal(built[i].record.first, next);
        assert_int_equal(built[i].record.number, i + 1);
        next = built[i].record.last + 1;
    }
    assert_int_equal(next, 1000 + STREAMS + 4 + 3);
    assert_int_equal(builder_next(b), next);
    builder_names(b, &names);
    assert_true(names >= STREAMS + 3);
}

/* semantics 1 */
static void a_commit_that_runs_out_of_memory_is_given_up_and_the_next_is_whole(void **state)
{
    (void)state;
    long nth = 0;
    bool built = false;
    while (!built) {
        struct builder *b = builder_new(); /* each with nothing left over */
        assert_non_null(b);
        allocs_arm(++nth, false);
        built = build(b);
        allocs_disarm();
        /* A value that cannot be made smaller is kept as it is. */
        assert_true(nth < ALLOCATIONS_MAX && (built || allocs_hit()));
        assert_true(build(b));
        expect_all(b);
        builder_free(b);
        built = built && !allocs_hit();
    }
    assert_true(nth > 15);
}

static void without_memory_there_is_no_builder(void **state)
{
    (void)state;
    for (long nth = 1; nth <= 2; nth++) {
        allocs_arm(nth, false);
        assert_null(builder_new());
        allocs_disarm();
    }
    builder_free(NULL);
}

static void an_empty_commit_has_no_record(void **state)
{
    (void)state;
    struct builder *b = builder_new();
    size_t records;
    builder_start(b, 1, 1, 1, 0);
    assert_true(builder_finish(b));
    builder_records(b, &records);
    assert_int_equal(records, 0);
    builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_runs_out_of_memory_is_given_up_and_the_next_is_whole),
        cmocka_unit_test(without_memory_there_is_no_builder),
        cmocka_unit_test(an_empty_commit_has_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
