/*
 * torn.h - the end of LevelDB's newest log that is not empty, after a power cut.
 *
 * What was appended and not synced may be there in any part: a file system can keep an append's length and lose its bytes, or keep
 * the second of two. LevelDB takes a record that ends with the file for one that was being written, and everything else for damage
 * (paranoid_checks). What follows the last whole record is cut off here, but only where it can be no more than what was not synced;
 * else it is damage indeed. That nothing acknowledged was in it is for tailcheck.h to say.
 *
 * The format: https://github.com/google/leveldb/blob/1.23/doc/log_format.md
 */
#ifndef PHOTON_TORN_H
#define PHOTON_TORN_H

#include <stdbool.h>

#include "store/place.h"

/* As many batches may be written and not synced: durable.h's commits, and the one that is written meanwhile. */
enum { TORN_BATCHES_MAX = 5 };

/* LevelDB has refused to open. Cut the torn end off that log; what it was is kept in a file "torn-LOG-OFFSET" of the store's
 * directory, and the log says so. false: nothing was changed, for this is not what is wrong. */
bool torn_mend(const struct place *place);

#endif
