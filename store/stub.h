/*
 * stub.h - what a record keeps of an event that was erased: its frame, its place, and what a backup and the store's digest need of
 * it (docs/decisions/0013-backup.md). Fields of an Event, which begin with one of the store's (filter_erased):
 *
 *   13 to 15   order id, version, time
 *   16         the key of its event id (keys.h)
 *   17         its digest (wire/digest.h)
 *
 * A stub is never longer than the event. When it would be, order id and time are left out, which the record knows, too; with the order
 * ids of a real clock that is always enough. Else the digest is left out as well. Older stubs have 13 to 15 only.
 */
#ifndef PHOTON_STUB_H
#define PHOTON_STUB_H

#include "store/record.h"
#include "wire/digest.h"

struct stub {
    struct event place; /* order id, version and time, whether they stand in it or not */
    struct span id_key; /* empty: it has none */
    const uint8_t *own; /* DIGEST_BYTES; NULL: it has none */
};

/* The stub of an event with the store's fields, as a frame of a record's body; returns its end. What is written is at most as long as
 * the event's own frame. */
uint8_t *stub_put(uint8_t *at, const struct event *event);
/* A stub as it is known elsewhere, in full. Needs STUB_BYTES_MAX bytes. */
enum { STUB_BYTES_MAX = 384 };
uint8_t *stub_put_whole(uint8_t *at, const struct stub *stub);

/* Read the message of a frame that filter_erased says is a stub; ordinal: where it stands in the record. false: malformed. */
bool stub_read(struct span raw, const struct record *record, uint32_t ordinal, struct stub *stub);

/* The event's digest; what stands for it when the stub has none. */
void stub_digest(const struct stub *stub, uint8_t own[DIGEST_BYTES]);

#endif
