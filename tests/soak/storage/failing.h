/*
 * failing.h - what the preload and the campaign that arms it share: one page of memory, the file that MUON_FAILING names.
 *
 * The campaign writes the plan, `kind` last. Of the calls of that kind, by whatever thread, the one that takes `left` to 0 fails, and
 * with `forever` every later one as well, until `kind` is FAIL_NONE again. The preload writes what happened.
 * tests/soak/failing.py knows this layout, too.
 */
#ifndef TESTS_SOAK_STORAGE_FAILING_H
#define TESTS_SOAK_STORAGE_FAILING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum fail {
    FAIL_NONE,
    FAIL_MALLOC,      /* anybody's: libraries, too */
    FAIL_OWN_MALLOC,  /* the program's own, not those of its libraries */
    FAIL_WRITE,       /* this and the following: on files in the store's directory only */
    FAIL_SHORT_WRITE, /* half is written, the rest fails */
    FAIL_SYNC,
    FAIL_OPEN,
    FAIL_RENAME,
    FAIL_UNLINK
};

enum { FAILING_ONLY = 32, FAILING_WORDS = 1024 };
struct failing {
    atomic_int kind, error, forever;
    atomic_int told;         /* preload's: `first` is being written, has been written */
    atomic_long left;        /* until the failing call */
    atomic_long hits;        /* calls that have failed */
    char only[FAILING_ONLY]; /* files whose path contains this; empty: all */
    char first
        [FAILING_WORDS]; /* who made the first of them: objects and addresses, the innermost first */
    char death[FAILING_WORDS]; /* likewise for an abort, an assertion, a signal */
    atomic_int dead;           /* as told */
};

/* Count a call. 0: let it pass; else it fails with this error number. */
int failing_due(enum fail kind);
/* The same for the first failing call of a short write: it is to write half. */
bool failing_is_short(enum fail kind);

/* Is the descriptor, or the name (relative to the descriptor), in the store's directory? */
bool failing_is_stores(int dir_fd, const char *name);
/* Is the address in the program itself? */
bool failing_is_own(const void *address);

#endif
