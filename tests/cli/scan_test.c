/*
 * scan_test.c - the scanner: what it takes, what it refuses and where, and that the pieces are the very bytes. jansson is the
 * second opinion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/json-string.h"
#include "cli/scan.h"

/* Would jansson take it? -1: it refuses for reasons of its own (sizes of numbers, nesting), which say nothing. */
static int second_opinion(const char *text, size_t len)
{
    json_error_t error;
    json_t *document = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    int opinion = document != NULL;
    if (!document && (json_error_code(&error) == json_error_numeric_overflow ||
                      json_error_code(&error) == json_error_stack_overflow))
        opinion = -1;
    json_decref(document);
    return opinion;
}

static void agree(const char *text, size_t len)
{
    struct scan_fault fault = {0};
    char *copy = malloc(len + 1); /* exactly as long as it is: a sanitizer sees a byte too far */
    memcpy(copy, text, len);
    char *exact = realloc(copy, len ? len : 1);
    bool taken = scan_check(exact, len, &fault);
    int opinion = second_opinion(exact, len);
    if (opinion >= 0 && opinion != (int)taken)
        fail_msg("scanner says %d (%s at %zu), jansson %d: %.*s", taken, taken ? "" : fault.why,
                 fault.at, opinion, (int)len, text);
    if (!taken)
        assert_true(fault.at <= len && fault.why);
    free(exact);
}

static const char *const good[] = {
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1.5e+10",
    "1E5",
    "0.0",
    "1e-2",
    "\"\"",
    "\"a\"",
    " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n",
    "[[[[[[]]]]]]",
    "[{},{},[]]",
    "{\"a\":{\"b\":{\"c\":[null]}}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u0000\"",
    "\"\x7f\"",
    "\"é – 😀\"",
    "\"\xF4\x8F\xBF\xBF\"",
    "{\"\":\"\"}",
    "[1,[2,[3,{\"a\":[4]}]],5]",
};

static const char *const bad[] = {
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "{]",
    "[}",
    "{,}",
    "[,]",
    "[1,]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{'a':1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "[1 2]",
    "nul",
    "nulll",
    "True",
    "NaN",
    "Infinity",
    "-",
    "+1",
    ".5",
    "1.",
    "1.e5",
    "1e",
    "1e+",
    "01",
    "-01",
    "0x10",
    "1 2",
    "{} {}",
    "{}x",
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\ud800\"",
    "\"\\udc00\"",
    "\"\n\"",
    "\"\t\"",
    "\"\x01\"",
    "\"\xff\"",
    "\"\xc0\x80\"",
    "\"\xc3\"",
    "\"\xe0\x80\x80\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf8\x88\x80\x80\x80\"",
    "\"\x80\"",
    "\"\xe2\x82\"",
    "[\"a\",\n,]",
    "// x\n1",
    "/**/1",
    "\xef\xbb\xbf{}",
};

static void the_scanner_takes_what_is_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct scan_fault fault;
        if (!scan_check(good[i], strlen(good[i]), &fault))
            fail_msg("%s: %s", good[i], fault.why);
        agree(good[i], strlen(good[i]));
    }
}

static void the_scanner_refuses_what_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct scan_fault fault;
        if (scan_check(bad[i], strlen(bad[i]), &fault))
            fail_msg("taken: %s", bad[i]);
        agree(bad[i], strlen(bad[i]));
    }
    struct scan_fault fault;
    assert_false(scan_check("\"a\0b\"", 5, &fault));
    assert_int_equal(fault.at, 2);
}

static void every_beginning_of_a_text_is_refused_or_json_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        for (size_t len = 0; len <= strlen(good[i]); len++)
            agree(good[i], len);
}

static void a_fault_is_where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } faults[] = {{"{\"a\":1,}", 7},  {"{\"a\" 1}", 5}, {"[1,2", 4},
                  {"{\"a\":tru}", 5}, {"{} x", 3},      {"01", 1}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct scan_fault fault;
        assert_false(scan_check(faults[i].text, strlen(faults[i].text), &fault));
        assert_int_equal(fault.at, faults[i].at);
    }
}

static void nesting_has_a_limit_and_no_recursion(void **state)
{
    (void)state;
    enum { DEEP = 1000000 };
    char *text = malloc(DEEP);
    struct scan_fault fault;
    memset(text, '[', SCAN_DEPTH_MAX);
    memset(text + SCAN_DEPTH_MAX, ']', SCAN_DEPTH_MAX);
    assert_true(scan_check(text, 2 * SCAN_DEPTH_MAX, &fault));
    memset(text, '[', DEEP);
    assert_false(scan_check(text, DEEP, &fault));
    assert_int_equal(fault.at, SCAN_DEPTH_MAX);
    free(text);
}

static void assert_piece(struct scan_text piece, const char *expected)
{
    assert_int_equal(piece.len, strlen(expected));
    assert_memory_equal(piece.ptr, expected, piece.len);
}

/* semantics 11 */
static void the_members_of_an_object_are_pieces_of_its_text(void **state)
{
    (void)state;
    struct scan_member members[SCAN_MEMBERS_MAX];
    struct scan_fault fault;
    size_t count;
    char text[] = " {\"a\" :\t[1, {\"a\":2}] , \"p\\\"q\": {\"x\":1.50,  "
                  "\"x\":\"}\\\"\"}\n,\"c\":-1e5,\"\":null} ";
    assert_true(scan_object(text, strlen(text), members, &count, &fault));
    assert_int_equal(count, 4);
    assert_piece(members[0].key, "a");
    assert_piece(members[0].value, "[1, {\"a\":2}]");
    assert_piece(members[1].key, "p\\\"q");
    assert_piece(members[1].value, "{\"x\":1.50,  \"x\":\"}\\\"\"}");
    assert_piece(members[2].value, "-1e5");
    assert_piece(members[3].key, "");
    assert_piece(members[3].value, "null");
}

static void only_an_object_of_few_members_is_taken_apart(void **state)
{
    (void)state;
    struct scan_member members[SCAN_MEMBERS_MAX];
    struct scan_fault fault;
    size_t count;
    char array[] = "[]", empty[] = "{ }", behind[] = "{}{}", many[1024] = "{\"k\":0";
    assert_false(scan_object(array, 2, members, &count, &fault));
    assert_true(scan_object(empty, 3, members, &count, &fault));
    assert_int_equal(count, 0);
    assert_false(scan_object(behind, 4, members, &count, &fault));
    for (int i = 0; i < SCAN_MEMBERS_MAX; i++)
        strcat(many, ",\"k\":0");
    strcat(many, "}");
    assert_false(scan_object(many, strlen(many), members, &count, &fault));
    assert_string_equal(fault.why, "more fields than an event has");
}

static void escapes_are_undone_as_jansson_undoes_them(void **state)
{
    (void)state;
    static const char *const strings[] = {"\"plain\"",
                                          "\"\"",
                                          "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                          "\"\\u0041\\u00e9\\u20AC\\uFFFF\"",
                                          "\"x\\ud83d\\ude00y\"",
                                          "\"\\uDBFF\\uDFFF\"",
                                          "\"a\\u0000b\"",
                                          "\"é\\n\""};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        json_t *value = json_loads(strings[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        char *text = strdup(strings[i]);
        size_t len = json_string_unescape(text + 1, strlen(text) - 2);
        assert_int_equal(len, json_string_length(value));
        assert_memory_equal(text + 1, json_string_value(value), len);
        free(text);
        json_decref(value);
    }
}

static void a_printed_string_reads_back_as_itself(void **state)
{
    (void)state;
    char all[128 + 16];
    size_t len = 0;
    for (int c = 0; c < 128; c++)
        all[len++] = (char)c;
    memcpy(all + len, "é😀", strlen("é😀"));
    len += strlen("é😀");
    char *printed;
    size_t printed_len;
    FILE *out = open_memstream(&printed, &printed_len);
    json_string_print(out, all, len);
    fclose(out);
    json_t *value = json_loadb(printed, printed_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    assert_int_equal(json_string_length(value), len);
    assert_memory_equal(json_string_value(value), all, len);
    json_decref(value);
    free(printed);
}

static void base64_reads_back_as_itself_and_is_strict(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "====", "Z===", "Zm9v\n", "Zm9*"};
    unsigned char data[256];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(255 - i);
    for (size_t len = 0; len <= sizeof(data); len++) {
        char *text;
        size_t text_len, back;
        FILE *out = open_memstream(&text, &text_len);
        base64_print(out, data, len);
        fclose(out);
        assert_int_equal(text_len, (len + 2) / 3 * 4);
        assert_true(base64_decode(text, text_len, &back));
        assert_int_equal(back, len);
        assert_memory_equal(text, data, len);
        free(text);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char *text = strdup(refused[i]);
        size_t back;
        if (base64_decode(text, strlen(text), &back))
            fail_msg("taken: %s", refused[i]);
        free(text);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A text that is nearly JSON: a good one with some bytes changed, doubled or taken away. */
static void the_scanner_and_jansson_agree_on_damaged_texts(void **state)
{
    (void)state;
    static const char letters[] =
        "{}[]\",:\\/ \n\t0123456789eE+-.truefalsnud\xc3\xa9\xed\xa0\x80\xf4\x01\x7f";
    uint32_t seed = 1;
    for (int round = 0; round < 200000; round++) {
        char text[128];
        const char *from = good[next_random(&seed) % (sizeof(good) / sizeof(good[0]))];
        size_t len = strlen(from);
        memcpy(text, from, len);
        for (uint32_t edits = 1 + next_random(&seed) % 3; edits > 0 && len > 0 && len < 100;
             edits--) {
            size_t at = next_random(&seed) % len;
            char letter = letters[next_random(&seed) % (sizeof(letters) - 1)];
            switch (next_random(&seed) % 3) {
            case 0:
                text[at] = letter;
                break;
            case 1:
                memmove(text + at + 1, text + at, len++ - at);
                text[at] = letter;
                break;
            default:
                memmove(text + at, text + at + 1, --len - at);
            }
        }
        agree(text, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_takes_what_is_json),
        cmocka_unit_test(the_scanner_refuses_what_is_not),
        cmocka_unit_test(every_beginning_of_a_text_is_refused_or_json_itself),
        cmocka_unit_test(a_fault_is_where_it_is),
        cmocka_unit_test(nesting_has_a_limit_and_no_recursion),
        cmocka_unit_test(the_members_of_an_object_are_pieces_of_its_text),
        cmocka_unit_test(only_an_object_of_few_members_is_taken_apart),
        cmocka_unit_test(escapes_are_undone_as_jansson_undoes_them),
        cmocka_unit_test(a_printed_string_reads_back_as_itself),
        cmocka_unit_test(base64_reads_back_as_itself_and_is_strict),
        cmocka_unit_test(the_scanner_and_jansson_agree_on_damaged_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
