/*
 * pattern.c - matching names against patterns, byte by byte.
 *
 * Only the last wildcard met is ever tried again: if the text after an earlier one could be placed further right, so could
 * everything after it, and the later wildcard absorbs the difference. So the worst case is a product, not a power. Bytes
 * do for characters: in UTF-8 no character's bytes are found inside another's.
 */
#include "store/pattern.h"

#include <string.h>

#include "wire/text.h"

static bool wildcard_at(struct span pattern, size_t at)
{
    return at + 1 < pattern.len && pattern.data[at] == '*' && pattern.data[at + 1] == '*';
}

struct span pattern_prefix(struct span pattern)
{
    size_t len = 0;
    while (len < pattern.len && !wildcard_at(pattern, len))
        len++;
    return (struct span){pattern.data, len};
}

bool pattern_begins(struct span name, struct span prefix)
{
    return name.len >= prefix.len &&
           (prefix.len == 0 || memcmp(name.data, prefix.data, prefix.len) == 0);
}

static bool match(struct span pattern, struct span name)
{
    size_t p = 0, n = 0;
    size_t after = SIZE_MAX; /* where the pattern goes on after the last wildcard met */
    size_t tried = 0;        /* where in the name that has been tried */
    while (n < name.len) {
        if (wildcard_at(pattern, p)) {
            p += 2;
            after = p;
            tried = n;
        } else if (p < pattern.len && pattern.data[p] == name.data[n]) {
            p++;
            n++;
        } else if (after != SIZE_MAX) {
            p = after;
            n = ++tried;
        } else {
            return false;
        }
    }
    while (wildcard_at(pattern, p))
        p += 2;
    return p == pattern.len;
}

bool pattern_match(struct span pattern, struct span name)
{
    if (!text_is_pattern(pattern))
        return text_equal(pattern, name);
    return !text_is_reserved(name) && match(pattern, name);
}
