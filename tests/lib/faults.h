/*
 * faults.h - makes the Nth write or sync of this process fail, or syncs wait. Link faults.c into a test program's own sources: it takes the place of
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

/* Syncs wait from now on, until they are let go: then they happen, or fail if that is armed. */
void faults_hold_syncs(void);
void faults_let_syncs_go(void);
/* One of those that wait, or that come, happens: returns when it has been let go. */
void faults_let_one_sync_go(void);
unsigned faults_syncs_held(void); /* how many wait now */

#endif
