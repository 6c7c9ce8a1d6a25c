/*
 * space.h - gives the disk back what erase.h has freed. LevelDB drops what was replaced or deleted when it merges the tables that hold it: by and
 * by where it is written to, and hardly ever where events are old.
 *
 * What was freed, and between which keys, is written with each step of erase.h, and stays in the store until it has been given back; so a
 * restart forgets nothing. When it is worth it, a thread of its own compacts what lies between those keys, piece by piece, and rests after each
 * as long as it took. The committer goes on meanwhile (log_compact.h). Used by the committer only.
 */
#ifndef PHOTON_SPACE_H
#define PHOTON_SPACE_H

#include <stdint.h>

#include "store/keys.h"
#include "store/log.h"

/* About so many bytes that nobody sees any more, and where they are. */
enum freed_kind { FREED_RECORDS, FREED_INDEX, FREED_KINDS };
struct freed {
    uint64_t bytes;
    struct key_range {
        struct key from, until; /* both within; empty: there is nothing */
    } range[FREED_KINDS];
};
void freed_add(struct freed *freed, enum freed_kind kind, struct span key, uint64_t bytes);

struct space;
struct space_options {
    void (*ended)(void *user); /* on a thread of its own: space_due_ms says something else now */
    void *user;
};
struct space *space_open(struct log *log,
                         const struct space_options *options); /* NULL: no memory, no thread */
void space_close(
    struct space *space); /* waits for the piece that is being compacted. NULL is fine */

/* Read what is still to be given back, once. */
enum reason space_load(struct space *space, struct error *error);

/* Put it into the batch that frees it; when that is written, count on it. Without a space nobody gives it back. */
void space_put(const struct space *space, const struct freed *freed, struct log_batch *batch);
void space_add(struct space *space, const struct freed *freed);

/* When there is something to do, as cq_mono_ms counts; INT64_MAX: not before something changes. */
int64_t space_due_ms(struct space *space);
/* Do it: at most one write, whose error is returned as log_write gave it. Everything that was appended to the log has been synced. */
enum reason space_step(struct space *space, int64_t mono_ms, struct error *error);

#endif
