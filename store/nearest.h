/*
 * nearest.h - what somebody who mistyped a name may have meant.
 */
#ifndef PHOTON_NEAREST_H
#define PHOTON_NEAREST_H

#include <stddef.h>

/* The name with the fewest letters to add, drop, change or swap; NULL: none is near (a third of the
 * letters at most). */
const char *nearest(const char *word, const char *const *names, size_t names_len);

#endif
