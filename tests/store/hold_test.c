/*
 * hold_test.c - what snapshots hold back, and for how long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/hold.h"

static int64_t clock_ms;

static int64_t now_ms(void)
{
    return clock_ms;
}

static void a_hold_keeps_events_until_it_ends_or_lapses(void **state)
{
    struct hold_all *all = hold_all_new(now_ms);
    struct hold a, b;
    (void)state;
    assert_true(hold_erase_begin(all));
    hold_erase_end(all);
    hold_begin(&a, all);
    assert_false(hold_erase_begin(all));
    clock_ms += HOLD_MS - 1;
    assert_true(hold_renew(&a));
    hold_begin(&b, all);
    clock_ms += HOLD_MS - 1;
    assert_int_equal(hold_left_ms(all), 1);
    clock_ms += 1;
    assert_true(hold_erase_begin(all));
    hold_erase_end(all);
    assert_false(hold_renew(&b));
    hold_end(&a);
    hold_end(&b);
    assert_int_equal(hold_left_ms(all), 0);
    hold_all_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_keeps_events_until_it_ends_or_lapses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
