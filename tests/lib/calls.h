/*
 * calls.h - makes the Nth call of a kind that our own code makes fail. Link test_calls: it wraps the system's functions where our objects
 * call them; LevelDB and gRPC have theirs.
 */
#ifndef TESTS_LIB_CALLS_H
#define TESTS_LIB_CALLS_H

#include <stdbool.h>

enum call {
    CALL_OPEN,
    CALL_OPENAT,
    CALL_DUP, /* fcntl */
    CALL_OPENDIR,
    CALL_FDOPENDIR,
    CALL_FSTAT,
    CALL_READ,
    CALL_WRITE,
    CALL_FSYNC,
    CALL_RENAMEAT,
    CALL_MKDIR,
    CALL_MKDIRAT,
    CALL_FLOCK,
    CALL_GETRANDOM,
    CALL_THREAD,
    CALLS
};

/* From now on: the nth call of the kind (from 1) fails with the error. Until calls_disarm. */
void calls_arm(enum call call, long nth, int error);
void calls_disarm(void);
/* Has it failed since calls_arm? */
bool calls_hit(void);

#endif
