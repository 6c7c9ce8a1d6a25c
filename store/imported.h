/*
 * imported.h - how far an import has got (docs/decisions/0013-backup.md). It is kept in the store, in the same batch as the events
 * imported last, so it is true after a crash as well.
 *
 * While an import is begun and not finished nothing else is stored. An import may go on as long as the store holds nothing but
 * what was imported.
 */
#ifndef PHOTON_IMPORTED_H
#define PHOTON_IMPORTED_H

#include "store/log.h"
#include "wire/codec-backup.h"

/* All zero: the store never saw an import. */
struct imported {
    bool begun, finished;
    struct import_state at; /* the end of what was imported */
    int64_t time_ms;        /* of the last event */
};

enum reason imported_read(struct log *log, struct imported *imported, struct error *error);
void imported_put(struct log_batch *batch, const struct imported *imported);

/* Is an import under way, so that nothing else may be stored? */
static inline bool imported_is_open(const struct imported *imported)
{
    return imported->begun && !imported->finished;
}

#endif
