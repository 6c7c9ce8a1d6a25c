/*
 * logwalk.h - a file in LevelDB's format of logs, walked through: its write-ahead logs have it, and its MANIFEST.
 *
 * A file is a sequence of blocks; a part lies within one, and an entry is one part, or a first, middle ones and a last. Behind a part
 * that is broken nothing in its block can be believed, but the next block begins with a part again.
 *
 * The format: https://github.com/google/leveldb/blob/1.23/doc/log_format.md
 */
#ifndef PHOTON_LOGWALK_H
#define PHOTON_LOGWALK_H

#include "wire/bytes.h"

enum { LOGWALK_BLOCK_BYTES = 32768, LOGWALK_HEADER_BYTES = 7 };
enum logwalk_part { LOGWALK_NONE, LOGWALK_FULL, LOGWALK_FIRST, LOGWALK_MIDDLE, LOGWALK_LAST };

struct logwalk {
    const uint8_t *data;
    size_t len, at;
    struct span body; /* of the part that was walked over last */
    uint32_t sums[256];
};

/* The data must stay. */
void logwalk_begin(struct logwalk *walk, const uint8_t *data, size_t len);

/* The part at `at`, which moves behind it. LOGWALK_NONE: there is no sound one, or no more. */
enum logwalk_part logwalk_next(struct logwalk *walk);

/* Where the last entry ends before which all are whole; `at` is where no sound part is. */
size_t logwalk_whole(struct logwalk *walk);

#endif
