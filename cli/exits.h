/*
 * exits.h - what the program's exit code says: the one table, from which the help and the reference are made.
 */
#ifndef MUON_CLI_EXITS_H
#define MUON_CLI_EXITS_H

#include <stddef.h>
#include <stdint.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_BAD_INPUT = 3,
    EXIT_NOT_FOUND = 4,
    EXIT_CONFLICT = 5,
    EXIT_DENIED = 6,
    EXIT_UNREACHABLE = 7,
    EXIT_TIMED_OUT = 8,
    EXIT_TOO_LARGE = 9,
    EXIT_PARTLY_DONE = 10,
    EXIT_ANSWERED = 11,
    EXIT_LOST = 12,
    EXIT_INTERRUPTED = 130
};

struct exit_row {
    enum exit_code code;
    const char *name;    /* one word, as in the JSON form of errors */
    const char *meaning; /* one line */
    const char *advice;  /* what to do, when nothing better is known; NULL: nothing in general */
};

extern const struct exit_row exit_rows[];
extern const size_t exit_row_count;

/* The row of a code; a code that is not in the table is EXIT_FAILED's. */
const struct exit_row *exit_row_of(enum exit_code code);

/* The code for a MUON_E* status. */
enum exit_code exit_of_status(int32_t status);

#endif
