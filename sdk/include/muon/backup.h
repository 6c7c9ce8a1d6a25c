/*
 * backup.h - the history of a store, out of it and into another one. Included by muon.h, whose rules hold.
 *
 * Both directions need an administrator: a client that photond lets make admin calls (muon.h says nothing of it; SECURITY.md does).
 * Whoever else asks gets MUON_EPERM.
 *
 * A history is a row of entries, in the order of their order ids: events with the store's fields; what is left of those that were
 * erased, so that no place is missing and no event id can be used again; and cuts, which say that the beginning of a
 * stream is deleted. It travels as runs of bytes that hold whole entries. Such runs may be kept (that is what a backup file holds), put
 * one behind the other, and sent to another store.
 *
 * The digest of a history up to an order id is the same for a store, for what was read from it, and for the store that this was imported
 * into. Nothing that happens later changes it: an event that is deleted keeps its part in it.
 */
#ifndef MUON_BACKUP_H
#define MUON_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include <muon/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct muon_snapshot muon_snapshot;
typedef struct muon_import muon_import;

enum { MUON_DIGEST_BYTES = 16 };

/* ================================================================================ entries == */

enum {
    MUON_ENTRY_EVENT = 1,
    MUON_ENTRY_ERASED =
        2, /* an event of a deleted stream: event_id, order_id, version, time_ms and the digests are left */
    MUON_ENTRY_CUT =
        3 /* behind the event that says so, or the last that is gone: stream is gone up to version, and up to order_id; by cut_by */
};

/* One entry. All-zero is the default; what its kind does not have is empty. Unlike elsewhere, texts are not NUL-terminated: they
 * are views of the run that they were read from. */
typedef struct muon_entry {
    int32_t kind;       /* MUON_ENTRY_*; expect others */
    uint32_t tombstone; /* CUT: 1: the stream never takes an event again */
    muon_str stream, type, event_id, payload, content_type, schema, id, service;
    muon_str caused_by, caused_by_relation, metadata, traceparent;
    int64_t order_id, version, time_ms;
    int64_t
        cut_by; /* the order id of the event that cuts the stream, or of the last that is gone */
    uint8_t content_digest[MUON_DIGEST_BYTES], event_digest[MUON_DIGEST_BYTES]; /* ERASED */
} muon_entry;

/* Read the entry at *at, which is 0 at first, and move on. MUON_END: there are no more. MUON_EPROTO: the run is malformed at *at, or holds
 * an entry of a kind that this libmuon does not know. Any thread. */
MUON_API int32_t muon_entry_next(const void *run, size_t len, size_t *at, muon_entry *out,
                                 muon_error *err);

/* Write an entry as part of a run. Returns the bytes it takes; when that is more than room, nothing was written. 0: its kind is not
 * one of the above. Any thread. */
MUON_API size_t muon_entry_put(const muon_entry *entry, void *out, size_t room);

/* What a history comes to. All-zero is the empty one. */
typedef struct muon_sum {
    int64_t events;         /* erased ones, too */
    int64_t first_order_id; /* 0: no event */
    int64_t last_order_id;  /* 0: no event */
    uint8_t digest[MUON_DIGEST_BYTES];
} muon_sum;

/* Add the run's entries with order ids up to up_to, as far as they come first, to *sum. Returns MUON_OK and how many bytes of the run they
 * take: len, if none is left. MUON_EPROTO: malformed, or an order id that does not rise; *sum and *used tell how far it was sound. Any thread. */
MUON_API int32_t muon_sum_add(muon_sum *sum, const void *run, size_t len, int64_t up_to,
                              size_t *used, muon_error *err);

/* =============================================================================== snapshots == */

typedef struct muon_snapshot_opts {
    int64_t after;        /* only what is behind this order id; 0: all */
    int64_t up_to;        /* up to this one; 0: up to the head */
    const char *store_id; /* the store that it must be; NULL: any */
    const uint8_t *
        digest; /* MUON_DIGEST_BYTES: that of the history up to `after`; NULL: the store computes it */
    uint32_t digest_only; /* 1: no entries, only what they come to */
    int32_t timeout_ms;   /* to begin */
    uint64_t reserved[2];
} muon_snapshot_opts;

/* What a snapshot is of. Texts are valid as long as the snapshot. */
typedef struct muon_snapshot_info {
    const char *store_id;
    int64_t incarnation;
    int64_t after, up_to; /* the order ids between which it lies: after excluded, up_to included */
    uint8_t after_digest[MUON_DIGEST_BYTES];
    muon_sum
        sum; /* of what was given; after MUON_END only, its digest covers what is before, too */
} muon_snapshot_info;

/* Begin to read the store's history as it is at this moment, whatever happens to it meanwhile. opts may be NULL. Waits until the store has
 * begun to answer: if it must compute the digest of what is before, that may take as long as reading it. Whoever takes nothing of a snapshot for
 * half a minute may lose it (MUON_EUNAVAIL).
 * MUON_EWRONGSTORE: it is another store. MUON_EPERM: not an administrator. MUON_ECORRUPT: the store is damaged; the message says where. */
MUON_API int32_t muon_snapshot_open(muon_client *c, const muon_snapshot_opts *opts,
                                    muon_snapshot **out, muon_error *err);

/* The next run, valid until the next call. MUON_END: that was all, and muon_snapshot_about tells what it came to. It is not begun again
 * after a failure: go on with a new one behind the last entry. One thread at a time. */
MUON_API int32_t muon_snapshot_next(muon_snapshot *s, const void **run, size_t *len,
                                    int32_t timeout_ms, muon_error *err);
MUON_API void muon_snapshot_about(const muon_snapshot *s, muon_snapshot_info *out);
MUON_API void muon_snapshot_free(muon_snapshot *s);

/* ================================================================================= imports == */

/* Begin to import a history, or go on with one that was begun. The store must be empty, or hold nothing but what was imported before: *have is
 * what that comes to, so send what is behind it. Until muon_import_end the store takes nothing else, not even after a restart.
 * MUON_EWRONGSTORE: it holds events of its own. MUON_EPERM: not an administrator. */
MUON_API int32_t muon_import_open(muon_client *c, int32_t timeout_ms, muon_import **out,
                                  muon_sum *have, muon_error *err);

/* Send a run, of 4 MiB at most. A cut must be in the same run as its event. Returns when it has left, before it is stored; a later call
 * returns its failure. After a failure begin again with muon_import_open. One thread at a time.
 * MUON_EINVAL: an entry does not follow upon what is there; the message names it. */
MUON_API int32_t muon_import_send(muon_import *i, const void *run, size_t len, int32_t timeout_ms,
                                  muon_error *err);

/* That was all: wait until it is durable, and compare. From now on the store is like any other.
 * MUON_EINVAL: the last order id or the digest is not what *sum says; what was sent stays, and the import is not finished. */
MUON_API int32_t muon_import_end(muon_import *i, const muon_sum *sum, int32_t timeout_ms,
                                 muon_error *err);

/* How far it has got, durably: of *out only events and last_order_id. */
MUON_API void muon_import_progress(muon_import *i, muon_sum *out);
MUON_API void muon_import_free(muon_import *i);

#ifdef __cplusplus
}
#endif

#endif
