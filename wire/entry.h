/*
 * entry.h - Entry of muon.v1: what a snapshot gives, a backup file holds, and an import takes, one after the other. Read
 * where it stands, without allocation.
 */
#ifndef MUON_WIRE_ENTRY_H
#define MUON_WIRE_ENTRY_H

#include "wire/digest.h"

enum entry_kind {
    ENTRY_EVENT = 1,  /* an event */
    ENTRY_ERASED = 2, /* what is left of one: of `event` its event id and its place */
    ENTRY_CUT =
        3 /* behind the event that says so, or the last that is gone: a stream's beginning is deleted */
};

struct entry {
    enum entry_kind kind;
    struct event event; /* ENTRY_EVENT: raw is the whole of it */
    uint8_t content
        [DIGEST_BYTES]; /* ENTRY_ERASED: what decides whether its id is used again for the same event */
    uint8_t own[DIGEST_BYTES]; /* ENTRY_ERASED: what digest_event gave */
    struct span stream;        /* ENTRY_CUT, and all below */
    uint64_t cut_version;      /* everything up to this version is gone */
    uint64_t cut_order_id;     /* … which is nothing behind this order id */
    uint64_t cut_by; /* the order id of the event that says so, or of the last that is gone */
    bool tombstone;  /* the stream never takes an event again */
};

/* Take the next entry off a message that holds them as its field 1; other fields are passed over. 1: taken; 0: the end; -1: malformed,
 * or of a kind that is not known. */
int entry_next(struct span *rest, struct entry *entry);

/* As that field: bytes, and encoding. Of an event's fields only raw counts. */
size_t entry_size(const struct entry *entry);
uint8_t *entry_put(uint8_t *at, const struct entry *entry);
/* The same without what it holds, whose bytes must follow. */
uint8_t *entry_put_frame(uint8_t *at, const struct entry *entry);

/* Go on by this entry (digest.h). */
void entry_digest(const struct entry *entry, uint8_t digest[DIGEST_BYTES]);

#endif
