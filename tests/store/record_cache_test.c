/*
 * record_cache_test.c - what was read lately is there, what was not is not, and the bound holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/record_cache.h"

enum { VALUE_BYTES = 1000, RECORDS = 10 };

static void put(struct record_cache *cache, uint64_t order_id)
{
    struct bytes *value = bytes_new(VALUE_BYTES);
    struct record record = {.kind = RECORD_EVENTS, .count = 1, .first = order_id, .last = order_id};
    value->data[0] = (uint8_t)order_id;
    record_cache_put(cache, value, &record);
    bytes_unref(value);
}

static bool has(struct record_cache *cache, uint64_t order_id)
{
    struct bytes *value;
    struct record record;
    if (!record_cache_get(cache, order_id, &value, &record))
        return false;
    assert_int_equal(record.first, order_id);
    assert_int_equal(value->data[0], (uint8_t)order_id);
    bytes_unref(value);
    return true;
}

static void the_least_recently_used_goes_first(void **state)
{
    (void)state;
    struct record_cache *cache = record_cache_new(RECORDS * VALUE_BYTES);
    for (uint64_t i = 1; i <= RECORDS; i++)
        put(cache, i);
    assert_true(has(cache, 1)); /* now the newest */
    put(cache, RECORDS + 1);
    assert_true(has(cache, 1));
    assert_false(has(cache, 2));
    for (uint64_t i = 3; i <= RECORDS + 1; i++)
        assert_true(has(cache, i));
    record_cache_free(cache);
}

static void a_record_put_again_replaces_the_one_before(void **state)
{
    (void)state;
    struct record_cache *cache = record_cache_new(2 * VALUE_BYTES);
    put(cache, 1);
    put(cache, 2);
    put(cache, 1);
    put(cache, 1);
    assert_true(has(cache, 1));
    assert_true(has(cache, 2));
    record_cache_free(cache);
}

/* semantics 5 */
static void a_record_that_was_rewritten_is_forgotten(void **state)
{
    (void)state;
    struct record_cache *cache = record_cache_new(RECORDS * VALUE_BYTES);
    struct bytes *held;
    struct record record;
    put(cache, 1);
    assert_true(record_cache_get(cache, 1, &held, &record));
    record_cache_forget(cache, 1);
    record_cache_forget(cache, 1);
    assert_false(has(cache, 1));
    assert_int_equal(held->data[0], 1); /* whoever holds it still may */
    bytes_unref(held);
    put(cache, 2);
    assert_true(has(cache, 2));
    record_cache_free(cache);
}

static void a_record_larger_than_the_cache_is_not_kept(void **state)
{
    (void)state;
    struct record_cache *cache = record_cache_new(VALUE_BYTES - 1);
    put(cache, 1);
    assert_false(has(cache, 1));
    record_cache_free(cache);
    assert_false(has(NULL, 1));
    put(NULL, 1);
    record_cache_forget(NULL, 1);
    record_cache_free(NULL);
}

static void a_record_is_wanted_when_it_is_asked_for_again_before_long(void **state)
{
    (void)state;
    struct record_cache *cache = record_cache_new(RECORDS * VALUE_BYTES);
    assert_false(record_cache_wants(cache, 1));
    assert_false(record_cache_wants(cache, 2));
    assert_true(record_cache_wants(cache, 1));
    for (uint64_t i = 3; i < 100000; i++) /* each but once */
        assert_false(record_cache_wants(cache, i));
    assert_false(record_cache_wants(cache, 1));
    record_cache_free(cache);
    assert_false(record_cache_wants(NULL, 1));
    assert_false(record_cache_wants(NULL, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_goes_first),
        cmocka_unit_test(a_record_put_again_replaces_the_one_before),
        cmocka_unit_test(a_record_that_was_rewritten_is_forgotten),
        cmocka_unit_test(a_record_larger_than_the_cache_is_not_kept),
        cmocka_unit_test(a_record_is_wanted_when_it_is_asked_for_again_before_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
