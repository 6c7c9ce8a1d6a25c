/*
 * older.h - the event ids, other than UUIDv7, that the log held when it was opened: no, or perhaps.
 *
 * A thread reads them into a filter, some thousand at a time; a store that holds few is done at once. Until all have been read, and
 * for ever if they cannot be or are too many, every id is one that the log perhaps holds.
 */
#ifndef PHOTON_OLDER_H
#define PHOTON_OLDER_H

#include "store/log.h"

struct older;
/* The log must outlive it, and may be opened anew meanwhile. max: as for bloom_new. NULL: no memory. */
struct older *older_new(struct log *log, size_t max);
void older_free(struct older *older); /* waits for the thread; NULL is fine */
/* hash: key_hash of the id's key. */
bool older_perhaps(const struct older *older, uint64_t hash);

#endif
