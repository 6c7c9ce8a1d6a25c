/*
 * text_out.c - doubling buffer, escaping.
 */
#include "sdk/src/text_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/text.h"

static bool reserve(struct text_out *out, size_t more)
{
    if (!out->failed && out->len + more + 1 > out->max)
        out->failed = out->too_big = true;
    if (out->failed)
        return false;
    if (out->len + more + 1 <= out->room)
        return true;
    size_t room = out->room ? 2 * out->room : 512;
    while (room < out->len + more + 1)
        room *= 2;
    char *text = realloc(out->text, room);
    if (!text) {
        out->failed = true;
        return false;
    }
    out->text = text;
    out->room = room;
    return true;
}

void text_out_put(struct text_out *out, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len >= 0 && reserve(out, (size_t)len)) {
        vsnprintf(out->text + out->len, (size_t)len + 1, format, again);
        out->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

void text_out_string(struct text_out *out, struct span text)
{
    bool sound = text_is_utf8(text);
    text_out_put(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '"' || byte == '\\')
            text_out_put(out, "\\%c", byte);
        else if (byte < 0x20)
            text_out_put(out, "\\u%04x", byte);
        else if (byte >= 0x80 && !sound)
            text_out_put(out, "?");
        else if (reserve(out, 1)) {
            out->text[out->len++] = (char)byte;
            out->text[out->len] = 0;
        }
    }
    text_out_put(out, "\"");
}

void text_out_fini(struct text_out *out)
{
    free(out->text);
    *out = (struct text_out){.max = out->max};
}
