/*
 * pattern.h - names with "**": any characters, none and "/" included, anywhere, several times (semantics 6).
 */
#ifndef PHOTON_PATTERN_H
#define PHOTON_PATTERN_H

#include <stdbool.h>

#include "wire/bytes.h"

/* Does the pattern match the whole name? Without "**" it matches itself only. With it, it never matches a name that begins
 * with "__". Of "***" the first two are the wildcard, the third is itself. Linear in the product of the lengths at worst. */
bool pattern_match(struct span pattern, struct span name);

/* What stands before the first "**": every match begins with it. */
struct span pattern_prefix(struct span pattern);

/* Does name begin with prefix? */
bool pattern_begins(struct span name, struct span prefix);

#endif
