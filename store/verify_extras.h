/*
 * verify_extras.h - index entries that no event asks for: is there an event where each points to?
 *
 * Slower than the way from records to indexes, since every entry may lie in another record: asked only when the counts do not agree, or
 * erased events have left ids that cannot be asked for.
 */
#ifndef PHOTON_VERIFY_EXTRAS_H
#define PHOTON_VERIFY_EXTRAS_H

#include "store/verify.h"

/* false: no memory. */
bool verify_extras_extents(struct verify *verify, struct log *log);
bool verify_extras_ids(struct verify *verify, struct log *log);

#endif
