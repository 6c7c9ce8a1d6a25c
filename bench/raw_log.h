/*
 * raw_log.h - store/log.h's batches and reads, for a store that is empty: with it in log.c's place, the store's own builder makes
 * the very records and index entries that photond would write, and LevelDB can be given them directly.
 */
#ifndef BENCH_RAW_LOG_H
#define BENCH_RAW_LOG_H

#include <leveldb/c.h>

#include "store/log.h"

/* What has been put into the batch since it was made or taken; to be destroyed by the caller. */
leveldb_writebatch_t *raw_log_take(struct log_batch *batch);

#endif
