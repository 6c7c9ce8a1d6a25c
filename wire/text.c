/*
 * text.c - UTF-8 and names, checked in one pass; runs of ASCII go eight bytes at a time, since most
 * names are nothing else.
 */
#include "wire/text.h"

#include <string.h>

#include "wire/error.h"

/* What a character is, for names. */
enum kind { KIND_PLAIN, KIND_CONTROL, KIND_BAD };

/* Are the eight bytes all ASCII, and none of them a control character? */
static bool plain_ascii8(const uint8_t *at)
{
    const uint64_t high = 0x8080808080808080u, ones = 0x0101010101010101u;
    uint64_t v;
    memcpy(&v, at, 8);
    if (v & high)
        return false;
    uint64_t from_space = v + (0x80 - 0x20) * ones;    /* bit 7: at least a space */
    uint64_t is_del = (v ^ 0x7f * ones) + 0x7f * ones; /* bit 7 clear: DEL */
    return (from_space & is_del & high) == high;
}

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The character at *at, which is below end; moves *at behind it. Ranges: Unicode 15, table 3-7. */
static enum kind character(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *s = *at;
    size_t left = (size_t)(end - s);
    if (s[0] < 0x80) {
        *at += 1;
        return s[0] < 0x20 || s[0] == 0x7f ? KIND_CONTROL : KIND_PLAIN;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf && left >= 2 && is_tail(s[1])) {
        *at += 2;
        return s[0] == 0xc2 && s[1] < 0xa0 ? KIND_CONTROL : KIND_PLAIN;
    }
    if (s[0] >= 0xe0 && s[0] <= 0xef && left >= 3 && is_tail(s[1]) && is_tail(s[2])) {
        bool overlong = s[0] == 0xe0 && s[1] < 0xa0, surrogate = s[0] == 0xed && s[1] >= 0xa0;
        *at += 3;
        return overlong || surrogate ? KIND_BAD : KIND_PLAIN;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4 && left >= 4 && is_tail(s[1]) && is_tail(s[2]) &&
        is_tail(s[3])) {
        bool overlong = s[0] == 0xf0 && s[1] < 0x90, beyond = s[0] == 0xf4 && s[1] >= 0x90;
        *at += 4;
        return overlong || beyond ? KIND_BAD : KIND_PLAIN;
    }
    return KIND_BAD;
}

/* The worst kind of character in the text. */
static enum kind scan(struct span text)
{
    if (text.len == 0)
        return KIND_PLAIN;
    const uint8_t *at = text.data, *end = text.data + text.len;
    enum kind worst = KIND_PLAIN;
    while (at < end && worst != KIND_BAD) {
        if (end - at >= 8 && plain_ascii8(at)) {
            at += 8;
            continue;
        }
        enum kind kind = character(&at, end);
        if (kind > worst)
            worst = kind;
    }
    return worst;
}

bool text_is_utf8(struct span text)
{
    return scan(text) != KIND_BAD;
}

const char *text_fault(struct span text)
{
    if (text.len > NAME_BYTES_MAX)
        return "is longer than 255 bytes";
    switch (scan(text)) {
    case KIND_BAD:
        return "is not UTF-8";
    case KIND_CONTROL:
        return "contains a control character";
    default:
        return NULL;
    }
}

const char *text_name_fault(struct span name)
{
    return name.len == 0 ? "is empty" : text_fault(name);
}

bool text_is_pattern(struct span name)
{
    return name.len >= 2 && memmem(name.data, name.len, "**", 2);
}

bool text_is_reserved(struct span name)
{
    return name.len >= 2 && name.data[0] == '_' && name.data[1] == '_';
}

bool text_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
