/*
 * A Bloom filter knows all that was put, and says so of little else.
 */
#include "store/bloom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/allocs.h"

enum { FIRST_LAYER = 4096 * 48, PUT = FIRST_LAYER * 6, ASKED = 100000 };

/* Hashes of numbers: splitmix64. */
static uint64_t hash_of(uint64_t n)
{
    uint64_t z = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t found(const struct bloom *bloom, uint64_t from, uint64_t to)
{
    size_t count = 0;
    for (uint64_t n = from; n < to; n++)
        count += bloom_perhaps(bloom, hash_of(n));
    return count;
}

static void of_nothing_put_nothing_is_there(void **state)
{
    (void)state;
    struct bloom *bloom = bloom_new(PUT);
    assert_int_equal(found(bloom, 0, ASKED), 0);
    bloom_free(bloom);
    bloom_free(NULL);
}

static void all_that_was_put_is_there_and_little_else_over_three_layers(void **state)
{
    (void)state;
    struct bloom *bloom = bloom_new(PUT);
    for (uint64_t n = 0; n < PUT; n++) {
        assert_true(bloom_put(bloom, hash_of(n)));
        if (n == FIRST_LAYER - 1 || n == 5 * FIRST_LAYER - 1) /* at its fullest */
            assert_in_range(found(bloom, PUT, PUT + ASKED), 1, ASKED / 40);
    }
    assert_int_equal(found(bloom, 0, PUT), PUT);
    bloom_free(bloom);
}

static void one_that_holds_the_most_it_may_says_perhaps_to_everything(void **state)
{
    (void)state;
    struct bloom *bloom = bloom_new(3);
    for (uint64_t n = 0; n < 3; n++)
        assert_true(bloom_put(bloom, hash_of(n)));
    assert_true(found(bloom, 100, 200) < 5);
    assert_false(bloom_put(bloom, hash_of(3)));
    assert_int_equal(found(bloom, 0, 200), 200);
    assert_false(bloom_put(bloom, hash_of(4)));
    bloom_free(bloom);
}

static void one_that_cannot_grow_says_perhaps_to_everything(void **state)
{
    (void)state;
    allocs_arm(1, false);
    assert_null(bloom_new(PUT));
    allocs_disarm();
    struct bloom *bloom = bloom_new(PUT);
    for (uint64_t n = 0; n < FIRST_LAYER; n++)
        assert_true(bloom_put(bloom, hash_of(n)));
    allocs_arm(1, false);
    assert_false(bloom_put(bloom, hash_of(FIRST_LAYER)));
    allocs_disarm();
    assert_false(bloom_put(bloom, hash_of(FIRST_LAYER + 1))); /* it is not told apart any more */
    assert_int_equal(found(bloom, 0, 2 * FIRST_LAYER), 2 * FIRST_LAYER);
    bloom_free(bloom);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_nothing_put_nothing_is_there),
        cmocka_unit_test(all_that_was_put_is_there_and_little_else_over_three_layers),
        cmocka_unit_test(one_that_holds_the_most_it_may_says_perhaps_to_everything),
        cmocka_unit_test(one_that_cannot_grow_says_perhaps_to_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
