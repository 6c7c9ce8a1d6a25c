/*
 * pattern.h - names with "**": any characters, none and "/" included, anywhere, several times (semantics 6).
 */
#ifndef PHOTON_PATTERN_H
#define PHOTON_PATTERN_H

#include <stdbool.h>

#include "wire/bytes.h"

/* Does the pattern match the whole name? Without "**" it matches itself. A pattern never matches a name that begins with "__". Linear in
 * the product of the lengths at worst, never exponential. */
bool pattern_match(struct span pattern, struct span name);
/* What stands before the first "**": every match begins with it. */
struct span pattern_prefix(struct span pattern);

#endif
