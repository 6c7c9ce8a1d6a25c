/*
 * erase.h - gives back the space of what was deleted, little by little, between commits (semantics 5).
 *
 * A cut takes effect at once: it is in the index, and gone.h hides the events. Here the records that hold them are
 * rewritten: an erased event keeps its frame with order id, version and time, a record its header and number, so nothing else
 * moves. What is left to do is on disk ('E' keys) and goes on after a restart. Used by the committer only.
 */
#ifndef PHOTON_ERASE_H
#define PHOTON_ERASE_H

#include "store/space.h"
#include "store/store.h"

struct erase;
struct erase *
erase_new(struct store *store,
          struct space *space); /* space: NULL, nobody is told what was freed. NULL: no memory */
void erase_free(struct erase *erase);

/* Read what is left to do from the log, and hide it. */
enum reason erase_load(struct erase *erase, struct error *error);

/* A cut is durable: hide the stream's events up to version. deletion: the number of its 'E' key. */
void erase_add(struct erase *erase, struct span stream, uint64_t version, uint64_t deletion);
bool erase_pending(const struct erase *erase);

/* One bounded step, one write. An error of the write is returned as log_write gave it; damage is logged, and the cut is left
 * as it is until the store is opened again. */
enum reason erase_step(struct erase *erase, struct error *error);

#endif
