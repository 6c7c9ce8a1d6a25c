/*
 * log_compact.h - compaction on demand, piece by piece: what was deleted or replaced gives back its space, and tables are merged.
 *
 * LevelDB compacts by itself as it is written to, but hardly ever where events are old, and not at all in a store that is left alone: space.h asks
 * for it where events were deleted, an operator for all of it.
 *
 * While a piece is compacted, commits are synced one by one (unsynced.h), which costs a quarter of their rate; reads go on as ever.
 * log_reopen waits for the piece. Threads: any; it blocks, also while another compacts a piece.
 */
#ifndef PHOTON_LOG_COMPACT_H
#define PHOTON_LOG_COMPACT_H

#include "store/keys.h"
#include "store/log.h"

enum { LOG_COMPACT_BYTES = 128 * 1024 * 1024 };

struct log_compaction {
    struct log *log;
    struct key from;      /* the next piece begins here */
    struct key until;     /* the last one ends here */
    uint64_t piece_bytes; /* about; LOG_COMPACT_BYTES at first */
    uint64_t done;        /* so many bytes of tables were gone over, about */
};

/* Bytes of the store's tables, about: what it takes on the disk, but for LevelDB's log. 0: it is not open now. */
uint64_t log_table_bytes(struct log *log);

/* The same, of what lies between two keys. */
uint64_t log_range_bytes(struct log *log, const struct key *from, const struct key *until);
/* What is less is not worth a table. How large a piece of a range is, about. */
uint64_t log_write_buffer_bytes(const struct log *log);
uint64_t log_piece_bytes(const struct log *log);

/* Bytes that are left on its disk; 0: none, or it cannot be told. */
uint64_t log_free_bytes(const struct log *log);

/* Everything; what lies between two keys, both within. */
void log_compact_begin(struct log_compaction *compaction, struct log *log);
void log_compact_begin_range(struct log_compaction *compaction, struct log *log,
                             const struct key *from, const struct key *until);
/* Compact the next piece. 1: there is more; 0: that was the last; -1: *error, STORE_UNAVAILABLE, and it may be tried again. */
int log_compact_step(struct log_compaction *compaction, struct error *error);

#endif
