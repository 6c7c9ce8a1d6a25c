/*
 * The newest records in memory: what it answers, and what it leaves to the log.
 */
#include "store/tail.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

static void add(struct tail *tail, uint64_t number, uint64_t first, uint32_t count, size_t len)
{
    struct bytes *value = bytes_new(len);
    struct record record = {.kind = RECORD_EVENTS,
                            .count = count,
                            .first = first,
                            .last = first + count - 1,
                            .number = number};
    assert_non_null(value);
    tail_add(tail, value, &record);
    bytes_unref(value);
}

/* The number of the record found; 0: none. */
static uint64_t find(struct tail *tail, uint64_t order_id)
{
    struct bytes *value;
    struct record record;
    if (!tail_find(tail, order_id, &value, &record))
        return 0;
    bytes_unref(value);
    return record.number;
}

static void the_record_with_the_next_event_is_found(void **state)
{
    (void)state;
    struct tail *tail = tail_new(1 << 20);
    assert_int_equal(find(tail, 1), 0);
    add(tail, 5, 100, 10, 100);
    add(tail, 6, 200, 1, 100);
    assert_int_equal(find(tail, 100), 5);
    assert_int_equal(find(tail, 109), 5);
    assert_int_equal(find(tail, 110), 6); /* in the gap: the next one */
    assert_int_equal(find(tail, 200), 6);
    assert_int_equal(find(tail, 201), 0); /* nothing that new */
    assert_int_equal(find(tail, 99), 0);  /* may be in an older record: the log knows */
    tail_free(tail);
}

static void the_oldest_go_first_and_are_then_the_logs_to_answer(void **state)
{
    (void)state;
    struct tail *tail = tail_new(10000);
    for (uint64_t i = 1; i <= 100; i++)
        add(tail, i, i * 10, 5, 900);
    assert_int_equal(find(tail, 10), 0);
    assert_int_equal(find(tail, 1000), 100);
    uint64_t oldest = 1;
    while (!find(tail, oldest * 10))
        oldest++;
    assert_in_range(oldest, 90, 96);
    assert_int_equal(find(tail, oldest * 10 - 5),
                     oldest);                         /* behind the one that was dropped last */
    assert_int_equal(find(tail, oldest * 10 - 6), 0); /* its last event */
    tail_free(tail);
}

static void a_record_out_of_sequence_starts_the_tail_over(void **state)
{
    (void)state;
    struct tail *tail = tail_new(1 << 20);
    add(tail, 1, 10, 1, 100);
    add(tail, 3, 30, 1, 100);
    assert_int_equal(find(tail, 10), 0);
    assert_int_equal(find(tail, 11), 0); /* record 2 may hold it */
    assert_int_equal(find(tail, 29), 0);
    assert_int_equal(find(tail, 30), 3);
    tail_free(tail);
}

static void what_was_rewritten_is_forgotten_with_all_that_is_older(void **state)
{
    (void)state;
    struct tail *tail = tail_new(1 << 20);
    for (uint64_t i = 1; i <= 200; i++)
        add(tail, i, i * 10, 5, 100);
    tail_forget(tail, 1003);
    assert_int_equal(find(tail, 1004), 0);
    assert_int_equal(find(tail, 1005), 101);
    assert_int_equal(find(tail, 2000), 200);
    tail_forget(tail, 900); /* it is not here any more */
    assert_int_equal(find(tail, 1010), 101);
    tail_forget(tail, 2000);
    assert_int_equal(find(tail, 2000), 0);
    add(tail, 201, 3000, 1, 100);
    assert_int_equal(find(tail, 2000), 0);
    assert_int_equal(find(tail, 2005), 201);
    tail_free(tail);
}

static void a_record_larger_than_the_tail_is_not_kept(void **state)
{
    (void)state;
    struct tail *tail = tail_new(1000);
    add(tail, 1, 1, 1, 100);
    add(tail, 2, 2, 1, 5000);
    assert_int_equal(find(tail, 1), 0);
    assert_int_equal(find(tail, 2), 0);
    add(tail, 3, 3, 1, 100);
    assert_int_equal(find(tail, 3), 3);
    tail_free(tail);
}

static void what_was_found_outlives_the_tail(void **state)
{
    (void)state;
    struct tail *tail = tail_new(1 << 20);
    struct bytes *value;
    struct record record;
    add(tail, 1, 1, 1, 100);
    assert_int_equal(tail_find(tail, 1, &value, &record), 1);
    tail_free(tail);
    value->data[99] = 1;
    bytes_unref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_with_the_next_event_is_found),
        cmocka_unit_test(the_oldest_go_first_and_are_then_the_logs_to_answer),
        cmocka_unit_test(a_record_out_of_sequence_starts_the_tail_over),
        cmocka_unit_test(what_was_rewritten_is_forgotten_with_all_that_is_older),
        cmocka_unit_test(a_record_larger_than_the_tail_is_not_kept),
        cmocka_unit_test(what_was_found_outlives_the_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
