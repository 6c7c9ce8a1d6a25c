/*
 * place.h - the store's directory around LevelDB: whose it is, who works on it, how much room there
 * is.
 *
 * - PHOTON: marks the directory as a store; text: format and identity. Written last: without it nothing was ever stored here
 * - PHOTON.new: the same while the store is being made
 * - lock: held by the photond that works on the store; holds its process id, for messages only
 * - mark: the newest record number that was acknowledged: a log that ends before it has lost something
 * - ballast: room that is kept, to be freed when the disk is full
 * - data/: LevelDB
 *
 * Directories are made with mode 0700, files with 0600. Threads: one at a time.
 */
#ifndef PHOTON_PLACE_H
#define PHOTON_PLACE_H

#include "store/log.h"

enum { STORE_ID_BYTES = 37 };
struct place {
    char *dir, *data; /* the directory, and LevelDB's below it */
    int dir_fd, lock_fd, mark_fd;
    bool made; /* PHOTON is there; else the store is still to be made */
    char store_id[STORE_ID_BYTES];
};

/* Look, lock, look again. create: make the directory if it is missing, and the store if the
 * directory is empty. On a fault nothing was touched, and *place need not be closed. */
enum log_fault place_open(struct place *place, const char *dir, bool create, struct error *error);
void place_close(struct place *place);

/* Everything else is in place and synced: mark the directory as a store. */
enum log_fault place_finish(struct place *place, struct error *error);

/* The mark: written after each commit, so it survives the process and never runs ahead of the log. It survives a power cut when it
 * has been synced, which closing does as well. */
void place_mark(const struct place *place, uint64_t number);
bool place_mark_sync(const struct place *place); /* Any thread. */
/* false: it is damaged, so nothing is known; *number is 0, as it is of a store that has marked nothing. */
bool place_marked(const struct place *place, uint64_t *number);

/* Bytes of LevelDB's logs: what it reads when it opens, and writes into tables. */
size_t place_log_bytes(const struct place *place);

void place_ballast_free(const struct place *place);
/* LevelDB has not opened for this reason: give up the ballast, cut off a torn end (torn.h). Is another attempt worth it? */
bool place_make_way(const struct place *place, enum log_fault fault);
void place_ballast_make(const struct place *place,
                        size_t bytes); /* unless there is not thrice the room */

/* Can the disk be written to, and is there room to open LevelDB again? Makes a file as large as what
 * recovery may write, and syncs it. */
enum reason place_probe(const struct place *place, struct error *error);

#endif
