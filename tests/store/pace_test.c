/*
 * pace_test.c - how long the committer pauses while LevelDB is behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/pace.h"

enum { SLOWDOWN = 8, STOP = 12, COMMIT_US = 10000 }; /* LevelDB's */

static void while_level_0_is_small_there_is_no_pause(void **state)
{
    (void)state;
    for (unsigned files = 0; files <= 7; files++)
        assert_int_equal(pace_us(files, COMMIT_US), 0);
}

static void the_closer_leveldb_is_to_stopping_the_longer_is_the_pause(void **state)
{
    (void)state;
    for (unsigned files = 8; files < STOP - 1; files++)
        assert_true(pace_us(files + 1, COMMIT_US) > pace_us(files, COMMIT_US));
    assert_in_range(pace_us(SLOWDOWN, COMMIT_US), COMMIT_US / 4, COMMIT_US);
    assert_true(pace_us(STOP - 1, COMMIT_US) >= 10 * COMMIT_US);
}

static void beyond_it_the_pause_stays(void **state)
{
    (void)state;
    assert_int_equal(pace_us(STOP, COMMIT_US), pace_us(STOP - 1, COMMIT_US));
    assert_int_equal(pace_us(UINT32_MAX, COMMIT_US), pace_us(STOP - 1, COMMIT_US));
}

static void no_pause_is_long(void **state)
{
    (void)state;
    assert_int_equal(pace_us(STOP, 50000), PACE_MAX_US);
    assert_int_equal(pace_us(STOP, UINT64_MAX), PACE_MAX_US);
    assert_int_equal(pace_us(SLOWDOWN, UINT64_MAX), PACE_MAX_US / 2);
}

static void a_small_commit_pauses_little(void **state)
{
    (void)state;
    assert_int_equal(pace_us(STOP, 0), 0);
    assert_true(pace_us(STOP - 1, 50) <= 1000);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(while_level_0_is_small_there_is_no_pause),
        cmocka_unit_test(the_closer_leveldb_is_to_stopping_the_longer_is_the_pause),
        cmocka_unit_test(beyond_it_the_pause_stays),
        cmocka_unit_test(no_pause_is_long),
        cmocka_unit_test(a_small_commit_pauses_little),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
