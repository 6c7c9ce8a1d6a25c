/*
 * The histogram of times: exact where they are short, a thousandth off where they are long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/histogram.h"

static struct histogram *empty(void)
{
    struct histogram *h = calloc(1, sizeof(*h));
    assert_non_null(h);
    return h;
}

static void nothing_has_no_percentiles(void **state)
{
    (void)state;
    struct histogram *h = empty();
    assert_int_equal(histogram_percentile(h, 50), 0);
    assert_int_equal(histogram_mean(h), 0);
    free(h);
}

static void short_times_are_exact(void **state)
{
    (void)state;
    struct histogram *h = empty();
    for (uint64_t value = 1; value <= 2000; value++)
        histogram_add(h, value);
    assert_int_equal(histogram_percentile(h, 50), 1000);
    assert_int_equal(histogram_percentile(h, 99.9), 1998);
    assert_int_equal(histogram_percentile(h, 100), 2000);
    assert_int_equal(histogram_mean(h), 1000);
    assert_int_equal(h->least, 1);
    free(h);
}

static void each_value_is_found_again_to_a_thousandth(void **state)
{
    (void)state;
    struct histogram *h = empty();
    for (uint64_t value = 1; value < HISTOGRAM_MOST; value += 1 + value / 7) {
        histogram_add(h, value);
        histogram_add(h, HISTOGRAM_MOST); /* so that the largest value does not mend it */
        uint64_t found = histogram_percentile(h, 50);
        assert_in_range(found, value, value + value / 1024);
        *h = (struct histogram){0};
    }
    free(h);
}

static void the_edges_of_classes_are_kept_apart(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < HISTOGRAM_BITS; bit++) {
        struct histogram *h = empty();
        uint64_t edge = UINT64_C(1) << bit;
        histogram_add(h, edge - 1);
        histogram_add(h, edge);
        assert_int_equal(histogram_percentile(h, 50), edge - 1);
        assert_int_equal(histogram_percentile(h, 100), edge);
        free(h);
    }
}

static void what_is_too_long_counts_as_the_longest(void **state)
{
    (void)state;
    struct histogram *h = empty();
    histogram_add(h, UINT64_MAX);
    histogram_add(h, 0);
    assert_int_equal(h->count, 2);
    assert_int_equal(histogram_percentile(h, 100), HISTOGRAM_MOST);
    assert_int_equal(histogram_percentile(h, 50), 0);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_no_percentiles),
        cmocka_unit_test(short_times_are_exact),
        cmocka_unit_test(each_value_is_found_again_to_a_thousandth),
        cmocka_unit_test(the_edges_of_classes_are_kept_apart),
        cmocka_unit_test(what_is_too_long_counts_as_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
