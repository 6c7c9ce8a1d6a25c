/*
 * tally_test.c - counts and histograms.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/tally.h"

static void a_value_is_in_the_bin_of_the_next_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(histogram_bin(0), 0);
    assert_int_equal(histogram_bin(1), 0);
    for (unsigned i = 1; i < HISTOGRAM_BINS - 1; i++) {
        uint64_t power = (uint64_t)1 << i;
        assert_int_equal(histogram_bin(power), i);
        assert_int_equal(histogram_bin(power + 1), i + 1);
    }
}

static void what_is_too_large_for_any_bin_is_in_the_last(void **state)
{
    (void)state;
    assert_int_equal(histogram_bin(UINT64_MAX), HISTOGRAM_BINS - 1);
    assert_int_equal(histogram_bin((uint64_t)1 << 63), HISTOGRAM_BINS - 1);
    assert_int_equal(histogram_bin((uint64_t)1 << (HISTOGRAM_BINS - 1)), HISTOGRAM_BINS - 1);
}

static void values_added_one_by_one_or_together_are_the_same(void **state)
{
    (void)state;
    struct histogram one = {0}, together = {0};
    struct histogram_values gathered = {0}, a, b;
    for (uint64_t value = 0; value < 1000; value += 7) {
        histogram_add(&one, value);
        histogram_values_add(&gathered, value);
    }
    histogram_add_all(&together, &gathered);
    histogram_add_all(&together, &(struct histogram_values){0});
    histogram_get(&one, &a);
    histogram_get(&together, &b);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.sum, 7 * 142 * 143 / 2);
    assert_int_equal(a.bin[2], 0);
    assert_int_equal(a.bin[3], 1); /* 7 */
}

enum { THREADS = 4, ROUNDS = 20000 };
struct crowd {
    _Atomic uint64_t count, open;
    struct histogram histogram;
};

static void *add(void *arg)
{
    struct crowd *crowd = arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        tally_add(&crowd->open, 1);
        tally_add(&crowd->count, 2);
        histogram_add(&crowd->histogram, i % 16);
        tally_sub(&crowd->open, 1);
    }
    return NULL;
}

static void nothing_that_several_threads_add_is_lost(void **state)
{
    (void)state;
    struct crowd crowd = {0};
    pthread_t threads[THREADS];
    struct histogram_values values;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add, &crowd), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(tally_get(&crowd.count), 2 * THREADS * ROUNDS);
    assert_int_equal(tally_get(&crowd.open), 0);
    histogram_get(&crowd.histogram, &values);
    assert_int_equal(values.sum, THREADS * ROUNDS / 16 * 120);
    assert_int_equal(values.bin[4], THREADS * ROUNDS / 16 * 7); /* 9 to 15 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_in_the_bin_of_the_next_power_of_two),
        cmocka_unit_test(what_is_too_large_for_any_bin_is_in_the_last),
        cmocka_unit_test(values_added_one_by_one_or_together_are_the_same),
        cmocka_unit_test(nothing_that_several_threads_add_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
