/*
 * digest.h - the digest of a store up to an order id (docs/decisions/0013-backup.md): a chain over all that ever got an order id,
 * in that order. What is deleted keeps its place in it, so a digest never changes.
 *
 *   of an event   XXH3-128 over the event in canonical form: its fields in the order of their numbers, empty ones left out
 *   of the store  XXH3-128 over the digest before, order id, version, time (8 bytes each, little-endian), the event's digest;
 *                 before the first event: 16 zero bytes
 */
#ifndef MUON_WIRE_DIGEST_H
#define MUON_WIRE_DIGEST_H

#include "wire/event.h"

enum { DIGEST_BYTES = 16 };

/* Of an event with the store's fields. */
void digest_event(const struct event *event, uint8_t out[DIGEST_BYTES]);

/* Go on by one event, whose own digest is `own`; of the event only its place is looked at. */
void digest_chain(uint8_t digest[DIGEST_BYTES], const struct event *place,
                  const uint8_t own[DIGEST_BYTES]);

#endif
