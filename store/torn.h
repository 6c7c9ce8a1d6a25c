/*
 * torn.h - what a power cut leaves at the ends of LevelDB's files: of its newest log that is not empty, and of its MANIFEST.
 *
 * What was appended and not synced may be there in any part: a file system can keep an append's length and lose its bytes, or keep
 * the second of two. LevelDB takes an entry that ends with the file for one that was being written, and everything else for damage
 * (paranoid_checks). What follows the last whole entry is cut off here, but only where it can be no more than what was not synced;
 * else it is damage indeed. That nothing acknowledged was in it is for tailcheck.h to say; that no change of the MANIFEST is cut off
 * that was carried out, for manifest.h.
 */
#ifndef PHOTON_TORN_H
#define PHOTON_TORN_H

#include <stdbool.h>

#include "store/place.h"

/* As many batches may be written and not synced: durable.h's commits, and the one that is written meanwhile. */
enum { TORN_BATCHES_MAX = 5 };

/* LevelDB has refused to open. Cut the torn ends off; what they were is kept in files "torn-FILE-OFFSET" of the store's
 * directory, and the log says so. false: nothing was changed, for this is not what is wrong. */
bool torn_mend(const struct place *place);

#endif
