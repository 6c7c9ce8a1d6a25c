/*
 * tailcheck.h - what opening checks: are the last records whole, and does the last one have its index entries (semantics 1)?
 *
 * Takes well under a second whatever the size of the store; `photond verify` checks everything.
 */
#ifndef PHOTON_TAILCHECK_H
#define PHOTON_TAILCHECK_H

#include "store/log.h"

/* LOG_OK: *end is the log's. LOG_NEWER, LOG_DAMAGED or LOG_FAILED: *error says what and where. */
enum log_fault tailcheck_run(struct log *log, struct log_end *end, struct error *error);

#endif
