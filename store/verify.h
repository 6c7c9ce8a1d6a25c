/*
 * verify.h - `photond verify`: is everything in a store as it was written? Records, both indexes against the records and the records
 * against both indexes, numbers and versions without gaps (hazards 3).
 *
 * Says what is wrong and where, and goes on. Repairs nothing. Memory: bounded by the largest record. One thread.
 */
#ifndef PHOTON_VERIFY_H
#define PHOTON_VERIFY_H

#include "store/log.h"
#include "wire/digest.h"

struct verify {
    /* The caller's: called for every fault with one sentence, which lives for the call only. */
    void (*fault)(void *user, const char *text);
    void *user;

    /* What was looked at, and how many faults there are. */
    uint64_t records, events, erased, streams, extents, ids, cuts, faults;
    uint64_t last_order_id;
    uint8_t digest[DIGEST_BYTES]; /* up to there; true if there are no faults */
};

/* Lock the store, read all of it, close it. LOG_OK: it is sound. LOG_DAMAGED: faults have been reported, or, if there are none,
 * *error says why it cannot even be opened. Everything else as log_open. */
enum log_fault verify_run(const char *dir, struct verify *verify, struct error *error);

/* For the parts: report a fault. */
void verify_report(struct verify *verify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
