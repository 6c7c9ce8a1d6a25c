/*
 * Names and UTF-8.
 */
#include "tests/wire/raw.h"
#include "wire/error.h"

static struct span span_of(const char *data, size_t len)
{
    return (struct span){(const uint8_t *)data, len};
}

static void well_formed_utf8_is_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "plain",
        "long enough for the words of eight bytes",
        "größer",
        "\xc2\xa0",         /* U+00A0 */
        "\xdf\xbf",         /* U+07FF */
        "\xe0\xa0\x80",     /* U+0800 */
        "\xed\x9f\xbf",     /* U+D7FF */
        "\xee\x80\x80",     /* U+E000 */
        "\xf0\x90\x80\x80", /* U+10000 */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_utf8(text_span(good[i])));
    assert_true(text_is_utf8(span_of("a\0b", 3)));
}

static void malformed_utf8_is_refused_at_every_place(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",         "\xbf",         "\xc0\xaf",         "\xc1\xbf",         "\xc2",
        "\xc2 ",        "\xe0\x9f\xbf", "\xe1\x80",         "\xed\xa0\x80",     "\xed\xbf\xbf",
        "\xe2\x28\xa1", "\xf0\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xfe",         "\xff",         "\xf1\x80\x80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t before = 0; before < 18; before++) {
            char text[64];
            int len =
                snprintf(text, sizeof text, "%.*s%s", (int)before, "abcdefghijklmnopqr", bad[i]);
            assert_false(text_is_utf8(span_of(text, (size_t)len)));
            assert_string_equal(text_fault(span_of(text, (size_t)len)), "is not UTF-8");
        }
    }
}

/* semantics 6 */
static void control_characters_are_refused_at_every_place(void **state)
{
    (void)state;
    char text[17] = "abcdefghijklmnop";
    for (size_t at = 0; at < 16; at++) {
        for (int c = 0; c < 0x80; c++) {
            char was = text[at];
            text[at] = (char)c;
            bool control = c < 0x20 || c == 0x7f;
            assert_int_equal(text_name_fault(span_of(text, 16)) != NULL, control);
            assert_true(text_is_utf8(span_of(text, 16)));
            text[at] = was;
        }
    }
    assert_string_equal(text_fault(text_span("a\xc2\x80")), "contains a control character");
    assert_string_equal(text_fault(text_span("a\xc2\x9f")), "contains a control character");
    assert_null(text_fault(text_span("a\xc2\xa0")));
}

/* semantics 6 */
static void a_name_has_1_to_255_bytes(void **state)
{
    (void)state;
    char text[257];
    memset(text, 'x', sizeof text);
    assert_string_equal(text_name_fault(span_of(text, 0)), "is empty");
    assert_null(text_name_fault(span_of(text, 1)));
    assert_null(text_name_fault(span_of(text, 255)));
    assert_string_equal(text_name_fault(span_of(text, 256)), "is longer than 255 bytes");
    assert_null(text_fault(span_of(NULL, 0)));
}

/* semantics 6 */
static void patterns_and_reserved_names_are_told(void **state)
{
    (void)state;
    assert_true(text_is_pattern(text_span("**")));
    assert_true(text_is_pattern(text_span("orders/**/x")));
    assert_false(text_is_pattern(text_span("orders/*/x*")));
    assert_false(text_is_pattern(text_span("*")));
    assert_false(text_is_pattern(text_span("")));
    assert_true(text_is_reserved(text_span("__all__")));
    assert_true(text_is_reserved(text_span("__")));
    assert_false(text_is_reserved(text_span("_")));
    assert_false(text_is_reserved(text_span("a__")));
}

static void a_sentence_is_cut_behind_a_word_and_says_so(void **state)
{
    char out[16];
    (void)state;
    error_sentence(out, sizeof out, text_span("as long as fits"));
    assert_string_equal(out, "as long as fits");
    error_sentence(out, sizeof out, text_span("one two three four"));
    assert_string_equal(out, "one two …");
    error_sentence(out, sizeof out, text_span("a-word-that-is-too-long"));
    assert_string_equal(out, "a-word-that …");
    char longer[40];
    error_sentence(longer, sizeof longer, text_span("in /a/path/that/is/longer/than/any/word/is"));
    assert_string_equal(longer, "in /a/path/that/is/longer/than/any/ …");
}

static void an_error_text_is_cut_between_characters_and_cleaned(void **state)
{
    (void)state;
    char out[6];
    error_text(out, sizeof out, text_span("abcdef"));
    assert_string_equal(out, "abcde");
    error_text(out, sizeof out, text_span("abcd\xc3\xa4"));
    assert_string_equal(out, "abcd");
    error_text(out, sizeof out, text_span("a\nb\xff"));
    assert_string_equal(out, "a?b?");
    error_text(out, sizeof out, text_span("a\xc3\xa4"));
    assert_string_equal(out, "a\xc3\xa4");
    error_text(out, sizeof out, span_of("a\0b", 3));
    assert_string_equal(out, "a?b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_utf8_is_taken),
        cmocka_unit_test(malformed_utf8_is_refused_at_every_place),
        cmocka_unit_test(control_characters_are_refused_at_every_place),
        cmocka_unit_test(a_name_has_1_to_255_bytes),
        cmocka_unit_test(patterns_and_reserved_names_are_told),
        cmocka_unit_test(an_error_text_is_cut_between_characters_and_cleaned),
        cmocka_unit_test(a_sentence_is_cut_behind_a_word_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
