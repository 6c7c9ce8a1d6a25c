/*
 * Streams that are deleted but not yet reclaimed.
 */
#include "store/gone.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#include "wire/text.h"

/* semantics 5 */
static void a_deletion_covers_the_versions_up_to_it(void **state)
{
    (void)state;
    struct gone *gone = gone_new();
    assert_false(gone_any(gone));
    assert_false(gone_covers(gone, text_span("a"), 1));
    assert_true(gone_add(gone, text_span("a"), 5));
    assert_true(gone_any(gone));
    assert_true(gone_covers(gone, text_span("a"), 5));
    assert_false(gone_covers(gone, text_span("a"), 6));
    assert_false(gone_covers(gone, text_span("ab"), 1));
    gone_free(gone);
}

/* semantics 5 */
static void a_later_deletion_raises_the_version_and_is_reclaimed_last(void **state)
{
    (void)state;
    struct gone *gone = gone_new();
    assert_true(gone_add(gone, text_span("a"), 5));
    assert_true(gone_add(gone, text_span("a"), 9));
    assert_true(gone_add(gone, text_span("a"), 7));
    assert_true(gone_covers(gone, text_span("a"), 9));
    gone_remove(gone, text_span("a"), 5); /* the first is reclaimed, the second is not */
    assert_true(gone_covers(gone, text_span("a"), 6));
    gone_remove(gone, text_span("a"), 9);
    assert_false(gone_covers(gone, text_span("a"), 6));
    assert_false(gone_any(gone));
    gone_remove(gone, text_span("a"), 9);
    gone_free(gone);
}

static void many_streams_are_told_apart(void **state)
{
    (void)state;
    struct gone *gone = gone_new();
    char name[32];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "stream-%u", i);
        assert_true(gone_add(gone, text_span(name), i + 1));
    }
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "stream-%u", i);
        assert_true(gone_covers(gone, text_span(name), i + 1));
        assert_false(gone_covers(gone, text_span(name), i + 2));
        if (i % 2)
            gone_remove(gone, text_span(name), i + 1);
        assert_int_equal(gone_covers(gone, text_span(name), 1), i % 2 == 0);
    }
    gone_free(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deletion_covers_the_versions_up_to_it),
        cmocka_unit_test(a_later_deletion_raises_the_version_and_is_reclaimed_last),
        cmocka_unit_test(many_streams_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
