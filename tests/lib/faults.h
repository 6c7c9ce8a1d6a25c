/*
 * faults.h - makes the Nth write or sync of this process fail. Link faults.c into a test program's own sources: it takes the place of
 * write, fsync and fdatasync for every library in the process.
 */
#ifndef TESTS_LIB_FAULTS_H
#define TESTS_LIB_FAULTS_H

#include <stdbool.h>

enum fault { FAULT_WRITE, FAULT_SHORT_WRITE, FAULT_SYNC };

/* From now on: the nth call (from 1) and all later ones fail with the error; a short write first writes half. Until faults_clear. */
void faults_arm(enum fault fault, unsigned nth, int error);
/* Has the armed fault happened? */
bool faults_hit(void);
void faults_clear(void);

#endif
