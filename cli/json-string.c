/*
 * json-string.c - escapes undone and made.
 *
 * Only what must be escaped is: quote, backslash, control characters. Everything else goes out as it came, so that a name
 * reads the same in the output as in the input.
 */
#include "cli/json-string.h"

#include <stdint.h>
#include <string.h>

static uint32_t hex4(const char *p)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t c = (unsigned char)p[i];
        unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xE0 | c >> 12);
        } else {
            *to++ = (char)(0xF0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

/* *from stands behind "\u". */
static char *put_unicode_escape(char *to, const char **from)
{
    uint32_t c = hex4(*from);
    *from += 4;
    if (c >= 0xD800 && c <= 0xDBFF) {
        c = 0x10000 + ((c - 0xD800) << 10) + (hex4(*from + 2) - 0xDC00);
        *from += 6;
    }
    return put_utf8(to, c);
}

static char simple_escape(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

size_t json_string_unescape(char *text, size_t len)
{
    char *to = memchr(text, '\\', len);
    if (!to)
        return len;
    const char *from = to, *end = text + len;
    while (from < end) {
        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] == 'u') {
            from += 2;
            to = put_unicode_escape(to, &from);
        } else {
            *to++ = simple_escape(from[1]);
            from += 2;
        }
    }
    return (size_t)(to - text);
}

static void print_escaped(FILE *out, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* of U+0008 to U+000D; U+000B has none */
    if (c == '"' || c == '\\')
        fprintf(out, "\\%c", c);
    else if (c >= 0x08 && c <= 0x0D && letters[c - 0x08])
        fprintf(out, "\\%c", letters[c - 0x08]);
    else
        fprintf(out, "\\u%04x", c);
}

void json_string_print(FILE *out, const char *text, size_t len)
{
    size_t start = 0;
    putc_unlocked('"', out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        fwrite_unlocked(text + start, 1, i - start, out);
        print_escaped(out, c);
        start = i + 1;
    }
    fwrite_unlocked(text + start, 1, len - start, out);
    putc_unlocked('"', out);
}
