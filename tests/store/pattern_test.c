/* pattern_test.c - names with "**", against examples, against a naive matcher, and against time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "store/pattern.h"
#include "wire/text.h"

static bool match(const char *pattern, const char *name)
{
    return pattern_match(text_span(pattern), text_span(name));
}

static void without_a_wildcard_a_pattern_matches_itself(void **state)
{
    (void)state;
    assert_true(match("orders", "orders"));
    assert_false(match("orders", "orders2"));
    assert_false(match("orders", "order"));
    assert_true(match("a*b", "a*b"));
    assert_false(match("a*b", "axb"));
    assert_true(match("__store__", "__store__"));
}

/* semantics 6 */
static void two_stars_stand_for_any_characters_none_and_slash_included(void **state)
{
    (void)state;
    assert_true(match("**", "anything/at all"));
    assert_true(match("orders/**", "orders/"));
    assert_true(match("orders/**", "orders/1/lines/2"));
    assert_false(match("orders/**", "orders"));
    assert_true(match("**/lines", "orders/1/lines"));
    assert_true(match("orders/**/lines", "orders/1/2/lines"));
    assert_false(match("orders/**/lines", "orders/lines"));
    assert_true(match("**a**b**", "xxaxxbxx"));
    assert_false(match("**a**b**", "xxbxxaxx"));
    assert_true(match("caf\xc3\xa9**", "caf\xc3\xa9s"));
    assert_true(match("****", "x"));
    assert_true(match("a***", "a*"));
    assert_true(match("a***", "abc*"));
    assert_false(match("a***", "abc"));
}

/* semantics 6 */
static void a_pattern_never_matches_a_name_of_the_stores_own(void **state)
{
    (void)state;
    assert_false(match("**", "__store__"));
    assert_false(match("__**", "__store__"));
    assert_true(match("**", "_store_"));
}

static void the_prefix_is_what_stands_before_the_first_wildcard(void **state)
{
    (void)state;
    assert_int_equal(pattern_prefix(text_span("orders/**/x**")).len, 7);
    assert_int_equal(pattern_prefix(text_span("**")).len, 0);
    assert_int_equal(pattern_prefix(text_span("a*b")).len, 3);
    assert_true(pattern_begins(text_span("orders/1"), text_span("orders/")));
    assert_false(pattern_begins(text_span("order"), text_span("orders/")));
}

/* Tries everything: too slow for real use, too simple to be wrong. */
static bool naive(const char *pattern, const char *name)
{
    if (pattern[0] == '*' && pattern[1] == '*') {
        for (;; name++) {
            if (naive(pattern + 2, name))
                return true;
            if (!*name)
                return false;
        }
    }
    return *pattern == *name && (!*pattern || naive(pattern + 1, name + 1));
}

static void random_text(uint64_t *seed, char *out, size_t len_max)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    size_t len = (*seed >> 33) % (len_max + 1);
    for (size_t i = 0; i < len; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = "ab**"[(*seed >> 40) % 4];
    }
    out[len] = '\0';
}

static void it_agrees_with_a_matcher_that_tries_everything(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t matches = 0;
    for (int i = 0; i < 200000; i++) {
        char pattern[16], name[16];
        random_text(&seed, pattern, 9);
        random_text(&seed, name, 10);
        bool expected = naive(pattern, name);
        if (match(pattern, name) != expected)
            fail_msg("pattern \"%s\", name \"%s\"", pattern, name);
        matches += expected;
    }
    assert_true(matches > 10000 && matches < 190000);
}

/* Exponential matching would not end while anybody waits: 2^80 steps. */
static void a_pathological_pattern_ends(void **state)
{
    (void)state;
    char pattern[256] = "", name[256];
    for (int i = 0; i < 84; i++)
        strcat(pattern, "a**");
    strcat(pattern, "b");
    memset(name, 'a', 255);
    name[255] = '\0';
    for (int i = 0; i < 1000; i++)
        assert_false(match(pattern, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_wildcard_a_pattern_matches_itself),
        cmocka_unit_test(two_stars_stand_for_any_characters_none_and_slash_included),
        cmocka_unit_test(a_pattern_never_matches_a_name_of_the_stores_own),
        cmocka_unit_test(the_prefix_is_what_stands_before_the_first_wildcard),
        cmocka_unit_test(it_agrees_with_a_matcher_that_tries_everything),
        cmocka_unit_test(a_pathological_pattern_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
