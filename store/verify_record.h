/*
 * verify_record.h - one record against both indexes: every event has its id entry, every stream's events their extent.
 */
#ifndef PHOTON_VERIFY_RECORD_H
#define PHOTON_VERIFY_RECORD_H

#include "store/verify.h"

struct verify_record; /* working memory, as large as the largest record needs */
struct verify_record *verify_record_new(struct verify *verify,
                                        struct log *log); /* NULL: no memory */
void verify_record_free(struct verify_record *v);

/* Check a record that opened. Adds to verify->events and verify->erased. */
void verify_record_check(struct verify_record *v, const struct record *record);

/* How many extents the records that were checked ask for, not counting those of deleted events. */
uint64_t verify_record_extents(const struct verify_record *v);

/* Up to which version has the stream been deleted? 0: it has not. */
uint64_t verify_record_cut(struct verify *verify, struct log *log, struct span stream);

#endif
