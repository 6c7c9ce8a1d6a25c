/*
 * cut.h - the connections of this very process, cut as a network would: both ends see them end.
 */
#ifndef TESTS_SYSTEM_CUT_H
#define TESTS_SYSTEM_CUT_H

#include <stddef.h>

/* Cut at most so many of the TCP connections, the first ones after skipping so many. Returns how many were cut. */
size_t cut_connections(size_t skip, size_t max);

#endif
