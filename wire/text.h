/*
 * text.h - what a name may be: 1 to 255 bytes of UTF-8 without control characters (semantics 6).
 */
#ifndef MUON_WIRE_TEXT_H
#define MUON_WIRE_TEXT_H

#include <stdbool.h>

#include "wire/bytes.h"

/* Well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF), NUL allowed. */
bool text_is_utf8(struct span text);

/* NULL: text is UTF-8 without control characters (C0, DEL, C1) and at most 255 bytes; else what is wrong with it, static. */
const char *text_fault(struct span text);

/* The same for a name, which must not be empty either. */
const char *text_name_fault(struct span name);

/* Does the text contain "**"? Does it begin with "__"? */
bool text_is_pattern(struct span name);
bool text_is_reserved(struct span name);

static inline struct span text_span(const char *s)
{
    return (struct span){(const uint8_t *)s, s ? __builtin_strlen(s) : 0};
}
bool text_equal(struct span a, struct span b);

#endif
