/*
 * strike.h - counts the calls that change files below one directory, in one count for all threads and all processes that share a
 * tally, and kills the process (SIGKILL) at the chosen one.
 *
 * strike.c is a library for LD_PRELOAD. It wants STRIKE_DIR, the directory (absolute, without links), and STRIKE_TALLY, a file with
 * a struct strike_tally. Counted are open and openat that write or make, write, pwrite, fsync, fdatasync, rename, renameat,
 * unlink, unlinkat, rmdir, mkdir, mkdirat, ftruncate and posix_fallocate: what LevelDB and photond change files with. A process killed
 * by it has changed nothing after the call that was chosen.
 */
#ifndef TESTS_SOAK_STRIKE_H
#define TESTS_SOAK_STRIKE_H

#include <stdatomic.h>
#include <stdint.h>

enum strike_moment {
    STRIKE_BEFORE, /* the call has not happened */
    STRIKE_HALF,   /* half of what was to be written is; of other calls: before */
    STRIKE_AFTER   /* it has, and nobody knows */
};

/* strike.py reads and writes it, too. Names are kept for as many calls as there is room. */
enum { STRIKE_CALLS_MAX = 16384, STRIKE_NAME_BYTES = 32 };
struct strike_tally {
    _Atomic uint64_t calls; /* so far */
    uint64_t at;            /* the one to be killed at, from 1; 0: none */
    uint64_t moment;
    char names[STRIKE_CALLS_MAX][STRIKE_NAME_BYTES]; /* "write 000003.log", of each call */
};

#endif
