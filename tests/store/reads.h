/*
 * reads.h - makes the Nth read of the log fail, as a damaged or dying disk does. Link test_reads: it wraps what log.h has for reading where the rest
 * of the store calls it.
 */
#ifndef TESTS_STORE_READS_H
#define TESTS_STORE_READS_H

#include <stdbool.h>

#include "wire/error.h"

/* From now on: the nth read (from 1) fails with the reason, and all later ones, too, if all_later. A read is a log_get, a move of an iterator, or,
 * unless it is to be CORRUPT, a log_iter_open. Until reads_disarm. */
void reads_arm(long nth, bool all_later, enum reason reason);
void reads_disarm(void);
/* Has one failed since reads_arm? */
bool reads_hit(void);

#endif
