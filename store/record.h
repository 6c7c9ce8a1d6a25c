/*
 * record.h - what is committed together is stored together: the record, its header and its checksum
 * (semantics 1).
 *
 *   key     'r', first order id (8 bytes, big-endian)
 *   value   header (RECORD_HEADER_BYTES, little-endian), body
 *   header  checksum 8 (XXH3-64, seeded with the key's order id, over all that follows),
 *           format 1, kind 1, zero 2, count 4, first 8, last 8, number 8, time 8, body length 8
 *   body    the Event messages, each framed as field 1 of a reply carries it
 *
 * Order ids are dense inside a record: the event at ordinal i has order id first + i. An erased
 * event keeps its frame, with nothing but order id, version and time in it, so ordinals never
 * change.
 */
#ifndef PHOTON_RECORD_H
#define PHOTON_RECORD_H

#include <stdbool.h>

#include "wire/bytes.h"
#include "wire/error.h"

enum { RECORD_FORMAT = 1, RECORD_HEADER_BYTES = 56, RECORD_BODY_BYTES = 16 * 1024 };
enum record_kind {
    RECORD_EVENTS = 1,
    RECORD_DELETION =
        2, /* one event of the store's own: what was deleted, or how long what is kept */
    RECORD_REDACTION = 3
};

struct record {
    enum record_kind kind;
    uint32_t count;
    uint64_t first, last; /* order ids */
    uint64_t number;      /* dense: its predecessor's plus one; the first record of a store is 1 */
    int64_t time_ms;      /* of all its events */
    struct span body;
};

/* Write header and checksum in front of a body that already stands at value + RECORD_HEADER_BYTES.
 */
void record_seal(uint8_t *value, const struct record *record);

/* Read and verify the header and the checksum. REASON_CORRUPT and a message that names the record
 * and what is wrong; the body is a view of value. */
enum reason record_open(uint64_t key_order_id, struct span value, struct record *record,
                        struct error *error);

/* Is it an undamaged record of a format or kind that this version does not know? Then record_open
 * refuses it, too. */
bool record_is_newer(uint64_t key_order_id, struct span value);

/* The number in a sealed record's header, unverified. */
uint64_t record_number(const uint8_t value[RECORD_HEADER_BYTES]);

/* Walk a body. 1: *event is the next frame's message, *frame the frame itself; 0: the end; -1:
 * malformed. */
int record_next(struct span *rest, struct span *frame, struct span *event);

/* *rest is the body from the frame at an ordinal on, so that record_next takes that frame. false:
 * there is none. */
bool record_at(const struct record *record, uint32_t ordinal, struct span *rest);

#endif
