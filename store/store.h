/*
 * store.h - the parts of a running store, as the calls see them. Made and ended by store.c; the parts have their own locks.
 */
#ifndef PHOTON_STORE_H
#define PHOTON_STORE_H

#include <stdatomic.h>

#include "store/log.h"
#include "store/measures.h"
#include "store/tail.h"
#include "wire/codec.h"
#include "wire/cq.h"

struct commit;
struct emit_calls;
struct fanout;
struct gone;
struct hold_all;
struct record_cache;
struct readers;
struct retention_table;
struct subscriptions;

struct store {
    struct cq *cq;
    struct log *log;
    struct tail *tail;
    struct record_cache *cache;          /* records read lately: record_cache.h */
    struct gone *gone;                   /* streams deleted, space not yet reclaimed: gone.h */
    struct retention_table *retention;   /* how long events are kept: retention.h */
    struct hold_all *holds;              /* snapshots that run; NULL: nothing is held: hold.h */
    struct fanout *fanout;               /* who waits for which stream: fanout.h */
    struct readers *readers;             /* threads that read the disk: readers.h */
    struct commit *commit;               /* the committer: commit.h */
    struct subscriptions *subscriptions; /* Subscribe calls that are open: subscribe.h */
    struct emit_calls *emits;            /* EmitStream calls that are open: emit_stream.h */
    _Atomic uint64_t head; /* the last durable order id: nobody is shown anything beyond it */
    struct limits limits;
    const char *durability;   /* what an acknowledgement is worth, for Info */
    struct measures measures; /* what is counted of all this: measures.h */
};

#endif
