/*
 * meta.h - what the store says of itself, inside: the format and the identity, which the file PHOTON repeats outside.
 *
 *   'M' "format"    4 bytes, little-endian: RECORD_FORMAT
 *   'M' "identity"  the store id, 36 characters; incarnation, 8 bytes, little-endian
 *
 * The incarnation begins with 1; it is for restoring a backup to raise it, so that subscribers notice (semantics 9).
 */
#ifndef PHOTON_META_H
#define PHOTON_META_H

#include "store/log.h"

enum log_fault meta_write(struct log *log, const char *store_id, struct error *error);

/* LOG_DAMAGED: not what the file PHOTON says. */
enum log_fault meta_read(struct log *log, const char *store_id, uint64_t *incarnation,
                         struct error *error);

#endif
