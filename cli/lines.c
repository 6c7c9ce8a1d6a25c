/*
 * lines.c - one buffer: what is left of it moves to its front before it is filled again, and it grows while a line does not
 * fit.
 */
#include "cli/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BYTES = 256 * 1024 };

void lines_init(struct lines *lines, int fd)
{
    *lines = (struct lines){.fd = fd};
}

void lines_fini(struct lines *lines)
{
    free(lines->buffer);
    lines->buffer = NULL;
}

enum lines_state lines_next(struct lines *lines, const char **line, size_t *len)
{
    size_t have = lines->end - lines->start;
    char *start = have ? lines->buffer + lines->start : NULL; /* there is no buffer at first */
    char *feed = have ? memchr(start, '\n', have) : NULL;
    if (lines->error)
        return LINES_ERROR;
    if (!feed && have >= LINES_MAX_BYTES)
        return LINES_TOO_LONG;
    if (!feed && !lines->ended)
        return LINES_MORE;
    if (have == 0)
        return LINES_END;
    *line = start;
    *len = feed ? (size_t)(feed - start) : have;
    lines->start += *len + (feed != NULL);
    lines->taken += *len + (feed != NULL);
    lines->number++;
    return LINES_LINE;
}

static bool make_room(struct lines *lines)
{
    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
    }
    if (lines->end < lines->capacity)
        return true;
    size_t capacity = lines->capacity ? 2 * lines->capacity : FIRST_BYTES;
    char *bigger = realloc(lines->buffer, capacity);
    if (!bigger)
        return false;
    lines->buffer = bigger;
    lines->capacity = capacity;
    return true;
}

void lines_fill(struct lines *lines)
{
    if (!make_room(lines)) {
        lines->error = ENOMEM;
        return;
    }
    ssize_t got = read(lines->fd, lines->buffer + lines->end, lines->capacity - lines->end);
    if (got > 0)
        lines->end += (size_t)got;
    else if (got == 0)
        lines->ended = true;
    else if (errno != EINTR && errno != EAGAIN)
        lines->error = errno;
}
