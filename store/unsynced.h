/*
 * unsynced.h - what was appended to the log and is not synced yet, counted, for somebody who must wait until there is none.
 *
 * LevelDB begins a new file of its log also when it is asked to compact. Nothing may stand in a newer file while an older one is not synced
 * (wal.h), so whoever asks closes this first: from then on every batch is synced as it is written.
 *
 * Nobody who enters ever waits. Threads: any; each enters once for each leave, on whichever thread.
 */
#ifndef PHOTON_UNSYNCED_H
#define PHOTON_UNSYNCED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct unsynced {
    pthread_mutex_t mutex;
    pthread_cond_t none;
    size_t len;
    size_t closed; /* by so many */
};

void unsynced_init(struct unsynced *unsynced);
void unsynced_fini(struct unsynced *unsynced);

/* One more; false: it is closed, and there is not. */
bool unsynced_enter(struct unsynced *unsynced);
void unsynced_leave(struct unsynced *unsynced);

/* Nobody enters from now on; returns when all have left. Until unsynced_open, by the same. */
void unsynced_close(struct unsynced *unsynced);
void unsynced_open(struct unsynced *unsynced);

#endif
