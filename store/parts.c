/*
 * parts.c - putting messages together.
 *
 * A short run costs less to copy than to reference, and a message must not fall into too many parts: in both cases
 * parts_ref copies.
 */
#include "store/parts.h"

#include <stdlib.h>
#include <string.h>

enum { COPY_BYTES = 1024, OPEN_BYTES = 4096 };

static bool grow(struct parts *parts, size_t len)
{
    size_t size = parts->open_size ? parts->open_size : OPEN_BYTES;
    while (size - parts->open_len < len) {
        if (size > SIZE_MAX / 2)
            return false;
        size *= 2;
    }
    uint8_t *open = realloc(parts->open, size);
    if (!open)
        return false;
    parts->open = open;
    parts->open_size = size;
    return true;
}

uint8_t *parts_room(struct parts *parts, size_t len)
{
    if (parts->open_size - parts->open_len < len && !grow(parts, len))
        return NULL;
    uint8_t *at = parts->open + parts->open_len;
    parts->open_len += len;
    parts->bytes += len;
    return at;
}

bool parts_copy(struct parts *parts, struct span data)
{
    uint8_t *at = data.len ? parts_room(parts, data.len) : NULL;
    if (at)
        memcpy(at, data.data, data.len);
    return at || data.len == 0;
}

bool parts_close(struct parts *parts)
{
    if (parts->open_len == 0)
        return true;
    uint8_t *fit = realloc(parts->open, parts->open_len);
    if (fit) {
        parts->open = fit;
        parts->open_size = parts->open_len;
    }
    struct bytes *part = bytes_wrap(parts->open, parts->open_len, free);
    if (!part)
        return false;
    parts->part[parts->len++] = part;
    parts->open = NULL;
    parts->open_len = parts->open_size = 0;
    return true;
}

/* One part is kept for what is copied after the last reference. */
bool parts_ref(struct parts *parts, struct bytes *whole, struct span view)
{
    if (view.len < COPY_BYTES || parts->len + 3 > PARTS_MAX)
        return parts_copy(parts, view);
    struct bytes *slice = bytes_slice(whole, view);
    if (!slice)
        return false;
    if (!parts_close(parts)) {
        bytes_unref(slice);
        return false;
    }
    parts->part[parts->len++] = slice;
    parts->bytes += view.len;
    return true;
}

void parts_clear(struct parts *parts)
{
    for (size_t i = 0; i < parts->len; i++)
        bytes_unref(parts->part[i]);
    free(parts->open);
    *parts = (struct parts){0};
}
