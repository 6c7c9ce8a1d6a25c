/*
 * allocs.h - makes the Nth allocation of our own code fail. Link test_allocs: it wraps the allocating functions where our objects call
 * them, so that the libraries underneath, which end the process when there is none, have theirs.
 */
#ifndef TESTS_LIB_ALLOCS_H
#define TESTS_LIB_ALLOCS_H

#include <stdbool.h>

/* From now on: the nth allocation (from 1) fails, and all later ones, too, if all_later. Until allocs_disarm. */
void allocs_arm(long nth, bool all_later);
void allocs_disarm(void);
/* Has one failed since allocs_arm? */
bool allocs_hit(void);

#endif
