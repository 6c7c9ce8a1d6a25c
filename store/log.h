/*
 * log.h - the store's directory: LevelDB, opened with care (hazards 1 to 4). log.c is the only file that knows LevelDB.
 *
 * Threads: one writer at a time (the committer), log_sync beside it; reads from any thread. A reader brackets its reads: log_iter_open …
 * log_iter_close, or one log_get. log_reopen waits for iterators to be closed and holds new ones back, so an iterator lives
 * for one step of work, never across a wait, and is closed by the thread that opened it. A thread that has one open may open more
 * and call log_get.
 */
#ifndef PHOTON_LOG_H
#define PHOTON_LOG_H

#include <stdbool.h>

#include "store/record.h"
#include "wire/bytes.h"
#include "wire/error.h"

struct log;

/* Why a directory cannot be used; each is a documented exit code of photond. */
enum log_fault {
    LOG_OK = 0,
    LOG_UNREADABLE, /* missing, not a directory, no permission */
    LOG_LOCKED,     /* another photond works on it */
    LOG_FOREIGN,    /* it holds something that is not a store */
    LOG_FORMAT,     /* a format or a record kind that this version does not know */
    LOG_DAMAGED,    /* a checksum, a number or an index is wrong; the message names where */
    LOG_FULL,       /* no room to open */
    LOG_FAILED      /* anything else the system said */
};

struct log_options {
    bool create;  /* make the store if the directory is missing or empty */
    bool inspect; /* open it even if the tail is damaged, for reading only: photond verify */
    size_t write_buffer_bytes; /* 0: 64 MiB */
    size_t file_bytes;         /* 0: 64 MiB */
    size_t cache_bytes;        /* 0: 64 MiB */
    size_t ballast_bytes;      /* kept in a file, freed when the disk is full; 0: 16 MiB */
};

/* What is known after opening: the last record, checked (semantics 1). */
struct log_end {
    uint64_t last_order_id; /* 0: no event */
    uint64_t last_number;   /* 0: no record */
    int64_t last_time_ms;
};

/* Open, check the format and the tail: the last records, that they have index entries, and that nothing acknowledged is missing
 * behind them. NULL: *fault and *error say why; of a directory that is not a store nothing was touched. Tightens the process's umask to
 * 077, because LevelDB makes files at any time. */
struct log *log_open(const char *dir, const struct log_options *options, enum log_fault *fault,
                     struct error *error);
void log_close(struct log *log); /* iterators must be closed */

const char *log_store_id(const struct log *log); /* a UUID */
uint64_t log_incarnation(const struct log *log);
/* The greatest record number known to be acknowledged. false: what was known had been damaged, at the last opening. */
bool log_marked(const struct log *log, uint64_t *number);
/* What the directory may hold. A store gets a format when it is first needed, so that an older photond, which would take what it does
 * not know for something else, refuses to open it. */
enum {
    LOG_FORMAT_FIRST = 3, /* 1 and 2 had records before the rest; no release wrote them */
    LOG_FORMAT_CUTS = 4,  /* cuts within a stream, tombstones, retention */
    LOG_FORMAT_LAST = LOG_FORMAT_CUTS
};
struct place;
struct place *log_place(struct log *log);      /* the writer's; its format is anybody's */
struct log_end log_end(const struct log *log); /* as found by the last log_open or log_reopen */
/* What LevelDB says of itself, such as "leveldb.stats". false: it has no such property, or is not open. Waits like a reader. */
bool log_property(struct log *log, const char *name, char *out, size_t size);

/* ---- writing: a batch is written whole, or not at all ---- */
struct log_batch;
struct log_batch *log_batch_new(void);
void log_batch_free(struct log_batch *batch);
void log_batch_clear(struct log_batch *batch);
void log_batch_put(struct log_batch *batch, struct span key, struct span value);
void log_batch_delete(struct log_batch *batch, struct span key);
/* REASON_NONE: durable. STORE_FULL or STORE_UNAVAILABLE with maybe_applied: the outcome is unknown, and until log_reopen has succeeded
 * every further write is refused with the same reason, untried, and maybe_applied is false. CORRUPT: the same, but LevelDB has met
 * damage, in a table that it was compacting, say: opening anew hides that for a while and mends nothing. */
enum reason log_write(struct log *log, struct log_batch *batch, struct error *error);

/* The same in two steps. log_append: written, and readers of the log see it, but it is not durable. log_sync, on another thread if need be,
 * while more is appended: durable, with everything that was appended before. Errors are log_write's, and those of either step refuse
 * further writes. log_appended_end when done with it. */
struct unsynced;
struct wal_file;
struct log_appended {
    struct wal_file *file; /* NULL: there is nothing to log_sync */
    uint64_t number;       /* of its last record */
    struct unsynced *unsynced;
};
/* true: log_append must follow. false: the next batch must be written with log_write, after everything that was appended has been synced:
 * LevelDB may begin a new file. */
bool log_may_append(struct log *log);
enum reason log_append(struct log *log, struct log_batch *batch, struct log_appended *appended,
                       struct error *error);
enum reason log_sync(struct log *log, const struct log_appended *appended, struct error *error);
void log_appended_end(struct log_appended *appended);
/* After what is durable has been answered, on any thread: what makes sure of it at the next opening is made durable, too, once a
 * second. */
void log_settle(struct log *log);

/* After a failed write: free the ballast, probe with a synced file, wait for iterators, close, open again (a new LevelDB log),
 * check the tail, make the ballast anew. REASON_NONE: log_end is fresh and writes are accepted again. Otherwise try later: reads go on,
 * unless it failed after closing; then they answer STORE_UNAVAILABLE, or CORRUPT when it was that, until a later log_reopen. The caller has no iterator open. */
enum reason log_reopen(struct log *log, struct error *error);

/* ---- reading ---- */
/* *value NULL and REASON_NONE: no such key. REASON_CORRUPT, REASON_STORE_UNAVAILABLE otherwise. */
enum reason log_get(struct log *log, struct span key, struct bytes **value, struct error *error);

enum log_how {
    LOG_READ, /* a few keys */
    LOG_SCAN, /* many: the cache is not filled with them */
    LOG_SCAN_RECORDS, /* records only: record_open verifies them, so LevelDB's own checksums are not computed */
    LOG_HOWS
};
struct log_iter;
/* NULL: no memory, or closed. Sees what was written before. */
struct log_iter *log_iter_open(struct log *log, enum log_how how);
void log_iter_close(struct log_iter *iter);
void log_iter_seek(struct log_iter *iter, struct span key); /* to the first key not smaller */
void log_iter_seek_before(struct log_iter *iter, struct span key); /* to the last key smaller */
void log_iter_next(struct log_iter *iter);
void log_iter_prev(struct log_iter *iter);
bool log_iter_valid(const struct log_iter *iter);
struct span log_iter_key(const struct log_iter *iter);   /* until the iterator moves */
struct span log_iter_value(const struct log_iter *iter); /* likewise */
/* Must be asked when an iterator ceases to be valid: an error ends a scan just as the end does, at the place where it is met. */
enum reason log_iter_fault(const struct log_iter *iter, struct error *error);
/* For photond verify only: forget the fault; valid again if LevelDB finds anything behind the hole. */
void log_iter_go_on(struct log_iter *iter);

#endif
