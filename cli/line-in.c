/*
 * line-in.c - see line-in.h.
 */
#include "cli/line-in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool line_in_copy(char **copy, size_t *bytes, const char *line, size_t len,
                  struct event_fault *fault)
{
    if (*bytes < len + 1) {
        char *bigger = realloc(*copy, len + 1);
        if (!bigger)
            return line_in_fault(fault, line, NULL, "out of memory%s", "");
        *copy = bigger;
        *bytes = len + 1;
    }
    memcpy(*copy, line, len);
    (*copy)[len] = '\0';
    return true;
}

bool line_in_fault(struct event_fault *fault, const char *line, const char *where,
                   const char *format, const char *detail)
{
    fault->column = where ? (size_t)(where - line) + 1 : 0;
    snprintf(fault->why, sizeof(fault->why), format, detail);
    return false;
}
