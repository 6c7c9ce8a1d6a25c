/*
 * snapshot.h - the log up to a fixed order id as entries (wire/entry.h), one bounded step at a time, and its digest.
 *
 * What is deleted by an order id within it comes as what an erased event leaves; what is deleted later comes whole, since a hold
 * (hold.h) keeps it. Threads: one at a time, a reader thread.
 */
#ifndef PHOTON_SNAPSHOT_H
#define PHOTON_SNAPSHOT_H

#include "store/expired.h"
#include "store/hold.h"
#include "store/parts.h"
#include "store/store.h"
#include "wire/digest.h"

struct snapshot {
    struct store *store;
    struct hold hold;
    uint64_t next;   /* the first order id that has not been looked at */
    uint64_t last;   /* up to here */
    uint64_t after;  /* entries are given from the first order id behind this one on */
    uint64_t head;   /* the store's, when it began */
    uint64_t number; /* as scan.h has it */
    struct expired expired;
    bool knows_expired;

    uint8_t after_digest[DIGEST_BYTES];             /* up to `after`, once entries are given */
    uint8_t digest[DIGEST_BYTES];                   /* up to next */
    uint64_t events, first_order_id, last_order_id; /* of the events given; 0: none */
};

/* From the first event behind `after` up to the one not behind `last` (0: the head of this moment). digest: the store's up to after, or
 * NULL: it is computed, by reading all that is before. May wait for the disk. */
void snapshot_open(struct snapshot *snapshot, struct store *store, uint64_t after, uint64_t last,
                   const uint8_t *digest);
void snapshot_close(struct snapshot *snapshot);

/* Has everything up to last been looked at? */
bool snapshot_is_over(const struct snapshot *snapshot);
/* Are entries being given, or is what is before them still read for the digest? */
bool snapshot_gives(const struct snapshot *snapshot);

/* One step: entries go into the message (NULL: only the digest is wanted). It ends after the record that makes bytes_max full. CORRUPT names
 * what is damaged or missing; STORE_UNAVAILABLE: too slow, and what was deleted meanwhile is gone. */
enum reason snapshot_step(struct snapshot *snapshot, size_t bytes_max, struct parts *message,
                          struct error *error);

#endif
