/*
 * pace.h - the committer's pauses while LevelDB is behind with its compactions.
 */
#ifndef PHOTON_PACE_H
#define PHOTON_PACE_H

#include <stdint.h>

#include "store/log.h"

enum { PACE_MAX_US = 100000 };

/* How long to pause after a commit that took busy_us, with so many files in LevelDB's level 0: 0 to PACE_MAX_US. */
uint64_t pace_us(unsigned files, uint64_t busy_us);

/* Pause for that long. */
void pace(struct log *log, uint64_t busy_us);

#endif
