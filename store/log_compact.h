/*
 * log_compact.h - compaction on demand, piece by piece: what was deleted or replaced gives back its space, and tables are merged.
 *
 * LevelDB compacts by itself as it is written to, but a store whose streams were deleted and which is then left alone keeps what they took.
 *
 * While a piece is compacted, commits are synced one by one (unsynced.h), which costs a quarter of their rate; reads go on as ever.
 * log_reopen waits for the piece. Threads: one at a time, beside any others that use the log; it blocks.
 */
#ifndef PHOTON_LOG_COMPACT_H
#define PHOTON_LOG_COMPACT_H

#include "store/keys.h"
#include "store/log.h"

enum { LOG_COMPACT_BYTES = 128 * 1024 * 1024 };

struct log_compaction {
    struct log *log;
    struct key from;      /* the next piece begins here */
    uint64_t piece_bytes; /* about; LOG_COMPACT_BYTES at first */
    uint64_t done;        /* so many bytes of tables were gone over, about */
};

/* Bytes of the store's tables, about: what it takes on the disk, but for LevelDB's log. 0: it is not open now. */
uint64_t log_table_bytes(struct log *log);

/* Bytes that are left on its disk; 0: none, or it cannot be told. */
uint64_t log_free_bytes(const struct log *log);

void log_compact_begin(struct log_compaction *compaction, struct log *log);
/* Compact the next piece. 1: there is more; 0: that was the last; -1: *error, STORE_UNAVAILABLE, and it may be tried again. */
int log_compact_step(struct log_compaction *compaction, struct error *error);

#endif
