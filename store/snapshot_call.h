/*
 * snapshot_call.h - Snapshot: the history of the store, for backups, or only its digest.
 */
#ifndef PHOTON_SNAPSHOT_CALL_H
#define PHOTON_SNAPSHOT_CALL_H

#include "wire/serve.h"

/* Its service is a struct admin. */
extern const struct serve_method snapshot_method;

#endif
