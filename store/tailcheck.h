/*
 * tailcheck.h - what opening checks: are the last records whole, does the last one have its index entries (semantics 1), and is
 * it not before what was acknowledged?
 *
 * Takes well under a second whatever the size of the store; `photond verify` checks everything.
 */
#ifndef PHOTON_TAILCHECK_H
#define PHOTON_TAILCHECK_H

#include "store/log.h"

/* marked: the greatest record number known to be acknowledged; replayed: bytes of the logs that LevelDB found. LOG_OK: *end is the log's. LOG_FORMAT, LOG_DAMAGED or LOG_FAILED: *error says what and where. */
enum log_fault tailcheck_run(struct log *log, uint64_t marked, size_t replayed, struct log_end *end,
                             struct error *error);

#endif
