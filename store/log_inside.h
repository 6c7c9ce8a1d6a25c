/*
 * log_inside.h - the log as its own files see it: log.c, log_read.c, log_compact.c. Nobody else knows LevelDB.
 */
#ifndef PHOTON_LOG_INSIDE_H
#define PHOTON_LOG_INSIDE_H

#include <leveldb/c.h>

#include "store/ack.h"
#include "store/gate.h"
#include "store/log.h"
#include "store/place.h"
#include "store/unsynced.h"
#include "store/wal.h"
#include "store/writeback.h"

struct log {
    struct place place;
    struct log_options options;
    uint64_t incarnation;
    struct log_end end;

    leveldb_options_t *db_options;
    leveldb_filterpolicy_t *bloom;
    leveldb_cache_t *cache;
    leveldb_readoptions_t *read[LOG_HOWS];
    leveldb_writeoptions_t *write, *append; /* synced within, or not */

    struct gate gate;
    size_t replayed; /* bytes of the logs that it found at its last opening */
    leveldb_t *db;   /* NULL: not open again yet. Changes by whoever has closed the gate */

    struct ack ack;
    struct wal wal;              /* the writer's */
    bool wal_is_unknown;         /* once it was not where it should be, LevelDB syncs every write */
    struct unsynced unsynced;    /* batches that were appended */
    pthread_mutex_t compacting;  /* a piece at a time */
    struct writeback *writeback; /* NULL: tables go to the disk when they are synced */
};

/* Pass the gate; false: the store is not open now. Leave by gate_leave. */
bool log_enter(struct log *log);
/* What is to be said then. */
enum reason log_closed(struct log *log, struct error *error);

#endif
