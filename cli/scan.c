/*
 * scan.c - the scanner: one pass over the bytes, a stack of one bit a level.
 *
 * Every scan_* function stands before what it is to read, moves behind it and returns true; or sets why, stays at the fault
 * and returns false. Whoever wants pieces compares the positions before and after.
 */
#include "cli/scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json-string.h"

struct scan {
    const char *start, *at, *end;
    const char *why;
};

static bool scan_fail(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

static void scan_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool scan_is(const struct scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static bool scan_take(struct scan *s, char c)
{
    if (!scan_is(s, c))
        return false;
    s->at++;
    return true;
}

static int scan_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The four digits after "\u" at p, or -1. */
static int32_t scan_hex4(const char *p, const char *end)
{
    int32_t unit = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = scan_hex_digit(p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Behind the backslash and the 'u'. */
static bool scan_unicode_escape(struct scan *s)
{
    int32_t unit = scan_hex4(s->at, s->end);
    if (unit < 0)
        return scan_fail(s, "\"\\u\" wants four hexadecimal digits");
    if (is_low_surrogate(unit))
        return scan_fail(s, "a low surrogate without a high one before it");
    s->at += 4;
    if (!is_high_surrogate(unit))
        return true;
    if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u' ||
        !is_low_surrogate(scan_hex4(s->at + 2, s->end)))
        return scan_fail(s, "a high surrogate without a low one after it");
    s->at += 6;
    return true;
}

static bool scan_escape(struct scan *s)
{
    s->at++;
    if (s->at == s->end)
        return scan_fail(s, "the text ends inside a string");
    if (!strchr("\"\\/bfnrtu", *s->at) || *s->at == '\0')
        return scan_fail(s, "an unknown escape after \"\\\"");
    return *s->at++ == 'u' ? scan_unicode_escape(s) : true;
}

/* One character of more than one byte: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool scan_multibyte(struct scan *s)
{
    const unsigned char *p = (const unsigned char *)s->at;
    ptrdiff_t left = s->end - s->at;
    int more = p[0] >= 0xC2 && p[0] <= 0xDF   ? 1
               : p[0] >= 0xE0 && p[0] <= 0xEF ? 2
               : p[0] >= 0xF0 && p[0] <= 0xF4 ? 3
                                              : 0;
    if (more == 0 || left <= more)
        return scan_fail(s, "not valid UTF-8");
    for (int i = 1; i <= more; i++)
        if ((p[i] & 0xC0) != 0x80)
            return scan_fail(s, "not valid UTF-8");
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return scan_fail(s, "not valid UTF-8");
    s->at += more + 1;
    return true;
}

static bool scan_string(struct scan *s)
{
    if (!scan_take(s, '"'))
        return scan_fail(s, "expected a string");
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at;
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < 0x20)
            return scan_fail(s, "a control character inside a string: write it as an escape");
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
        } else if (c >= 0x80) {
            if (!scan_multibyte(s))
                return false;
        } else {
            s->at++;
        }
    }
    return scan_fail(s, "the text ends inside a string");
}

static bool scan_digits(struct scan *s)
{
    const char *first = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > first ? true : scan_fail(s, "expected a digit");
}

static bool scan_number(struct scan *s)
{
    scan_take(s, '-');
    if (scan_take(s, '0')) {
        if (s->at < s->end && *s->at >= '0' && *s->at <= '9')
            return scan_fail(s, "a number must not begin with 0");
    } else if (!scan_digits(s)) {
        return false;
    }
    if (scan_take(s, '.') && !scan_digits(s))
        return false;
    if (scan_take(s, 'e') || scan_take(s, 'E')) {
        if (!scan_take(s, '+'))
            scan_take(s, '-');
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
        return scan_fail(s, "expected a value");
    s->at += len;
    return true;
}

static bool scan_scalar(struct scan *s)
{
    if (s->at == s->end)
        return scan_fail(s, "the text ends where a value is expected");
    switch (*s->at) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'))
            return scan_number(s);
        return scan_fail(s, "expected a value");
    }
}

/* A key and its colon. */
static bool scan_key(struct scan *s)
{
    scan_space(s);
    if (!scan_is(s, '"'))
        return scan_fail(s, "expected a key in double quotes");
    if (!scan_string(s))
        return false;
    scan_space(s);
    return scan_take(s, ':') ? true : scan_fail(s, "expected \":\" after a key");
}

/* The levels that are open: one bit each, 1 for an object. */
struct levels {
    uint8_t object[SCAN_DEPTH_MAX / 8];
    unsigned depth;
};

static bool levels_in_object(const struct levels *l)
{
    unsigned top = l->depth - 1;
    return l->object[top / 8] & (1u << (top % 8));
}

static bool scan_open(struct scan *s, struct levels *l)
{
    bool object = *s->at == '{';
    if (l->depth == SCAN_DEPTH_MAX)
        return scan_fail(s, "nested too deeply");
    uint8_t bit = (uint8_t)(1u << (l->depth % 8));
    uint8_t *bits = &l->object[l->depth / 8];
    *bits = (uint8_t)(object ? *bits | bit : *bits & ~bit);
    l->depth++;
    s->at++;
    return true;
}

/* Behind a value: close what ends here. *more: another value follows, and we stand before it. */
static bool scan_after_value(struct scan *s, struct levels *l, bool *more)
{
    for (*more = false; l->depth > 0; l->depth--) {
        bool object = levels_in_object(l);
        scan_space(s);
        if (scan_take(s, ',')) {
            *more = true;
            return object ? scan_key(s) : true;
        }
        if (!scan_take(s, object ? '}' : ']'))
            return scan_fail(s, object ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"");
    }
    return true;
}

static bool scan_value(struct scan *s)
{
    struct levels levels = {.depth = 0};
    for (bool more = true; more;) {
        scan_space(s);
        if (scan_is(s, '{') || scan_is(s, '[')) {
            bool object = scan_is(s, '{');
            if (!scan_open(s, &levels))
                return false;
            scan_space(s);
            if (!scan_is(s, object ? '}' : ']')) {
                if (object && !scan_key(s))
                    return false;
                continue;
            }
            s->at++;
            levels.depth--;
        } else if (!scan_scalar(s)) {
            return false;
        }
        if (!scan_after_value(s, &levels, &more))
            return false;
    }
    return true;
}

static bool scan_end(struct scan *s)
{
    scan_space(s);
    return s->at == s->end ? true : scan_fail(s, "something follows the end of the value");
}

static bool finish(const struct scan *s, bool ok, struct scan_fault *fault)
{
    if (!ok)
        *fault = (struct scan_fault){.at = (size_t)(s->at - s->start), .why = s->why};
    return ok;
}

bool scan_check(const char *text, size_t len, struct scan_fault *fault)
{
    struct scan s = {.start = text, .at = text, .end = text + len};
    return finish(&s, scan_value(&s) && scan_end(&s), fault);
}

static struct scan_text piece_of(char *text, const struct scan *s, const char *from, const char *to)
{
    return (struct scan_text){text + (from - s->start), (size_t)(to - from)};
}

static bool take_member(struct scan *s, char *text, struct scan_member *member)
{
    scan_space(s);
    const char *key = s->at + 1;
    if (!scan_key(s))
        return false;
    const char *key_end = s->at;
    while (key_end[-1] != '"')
        key_end--;
    member->key = piece_of(text, s, key, key_end - 1);
    scan_space(s);
    const char *value = s->at;
    if (!scan_value(s))
        return false;
    member->value = piece_of(text, s, value, s->at);
    return true;
}

static bool take_members(struct scan *s, char *text, struct scan_member *members, size_t *count)
{
    *count = 0;
    scan_space(s);
    if (!scan_take(s, '{'))
        return scan_fail(s, "expected an object: \"{\"");
    scan_space(s);
    if (scan_take(s, '}'))
        return true;
    for (;;) {
        if (*count == SCAN_MEMBERS_MAX)
            return scan_fail(s, "more fields than an event has");
        if (!take_member(s, text, &members[*count]))
            return false;
        (*count)++;
        scan_space(s);
        if (scan_take(s, '}'))
            return true;
        if (!scan_take(s, ','))
            return scan_fail(s, "expected \",\" or \"}\"");
    }
}

bool scan_object(char *text, size_t len, struct scan_member *members, size_t *count,
                 struct scan_fault *fault)
{
    struct scan s = {.start = text, .at = text, .end = text + len};
    return finish(&s, take_members(&s, text, members, count) && scan_end(&s), fault);
}

/* ---- steps ---- */

static bool key_is(struct scan_text key, const char *name, size_t name_len)
{
    char plain[6 * SCAN_NAME_BYTES]; /* an escape has six bytes at most, for at least one */
    if (!memchr(key.ptr, '\\', key.len))
        return key.len == name_len && memcmp(key.ptr, name, name_len) == 0;
    if (key.len > sizeof(plain))
        return false;
    memcpy(plain, key.ptr, key.len);
    return json_string_unescape(plain, key.len) == name_len && memcmp(plain, name, name_len) == 0;
}

static bool step_to_member(struct scan *s, char *text, const char *name, size_t name_len,
                           struct scan_text *found)
{
    struct scan_member member;
    bool is_there = false;
    scan_space(s);
    if (scan_is(s, '}'))
        return false;
    do {
        if (!take_member(s, text, &member))
            return false;
        if (key_is(member.key, name, name_len)) {
            *found = member.value;
            is_there = true;
        }
        scan_space(s);
    } while (scan_take(s, ','));
    return is_there;
}

static bool step_to_element(struct scan *s, char *text, const char *number, size_t number_len,
                            struct scan_text *found)
{
    size_t left = (size_t)strtoul(number, NULL, 10);
    if (strspn(number, "0123456789") < number_len || number_len > 9)
        return false;
    do {
        scan_space(s);
        const char *value = s->at;
        if (scan_is(s, ']') || !scan_value(s))
            return false;
        *found = piece_of(text, s, value, s->at);
        scan_space(s);
    } while (left-- > 0 && scan_take(s, ','));
    return left == SIZE_MAX;
}

bool scan_step(struct scan_text value, const char *name, size_t name_len, struct scan_text *found)
{
    struct scan s = {.start = value.ptr, .at = value.ptr, .end = value.ptr + value.len};
    struct scan_text piece = {NULL, 0};
    bool is_there = false;
    scan_space(&s);
    if (scan_take(&s, '{'))
        is_there = step_to_member(&s, value.ptr, name, name_len, &piece);
    else if (scan_take(&s, '['))
        is_there = step_to_element(&s, value.ptr, name, name_len, &piece);
    if (is_there)
        *found = piece;
    return is_there;
}
