/*
 * line-in.h - a line of JSON that is read into something: its copy, and what is wrong with it.
 */
#ifndef MUON_CLI_LINE_IN_H
#define MUON_CLI_LINE_IN_H

#include <stdbool.h>
#include <stddef.h>

/* What is wrong with a line, for people: one sentence, and the column (from 1; 0: no particular one). */
struct event_fault {
    size_t column;
    char why[200];
};

/* Copy a line, with a NUL behind it, to where the one before was: *copy has room for *bytes. False: no memory, *fault says so. */
bool line_in_copy(char **copy, size_t *bytes, const char *line, size_t len,
                  struct event_fault *fault);

/* Tell what is wrong at this place of the line; where NULL: at none. The format has one %s. Returns false. */
bool line_in_fault(struct event_fault *fault, const char *line, const char *where,
                   const char *format, const char *detail);

#endif
