/*
 * held.h - a message that a subscription has received and the application has not taken yet.
 */
#ifndef MUON_SDK_HELD_H
#define MUON_SDK_HELD_H

#include <stdbool.h>

#include <muon/muon.h>

#include "wire/bytes.h"

struct held {
    struct held *next;
    struct bytes *message; /* counted */
    struct span rest;      /* not taken yet */
    size_t events;         /* in rest */
    uint32_t flags;        /* MUON_BATCH_*: true once all of it is taken */
    /* What the whole message says about the place reached. */
    bool placed;
    int64_t order_id;
};

/* Look a message over. NULL: no memory, or (*malformed) it cannot be read. */
struct held *held_new(struct bytes *message, bool *malformed);
void held_free(struct held *held); /* NULL is fine */

/* Up to max events as a batch, without those at or before *last, which is moved on. With the last event come the flags. *taken: how
 * many events of rest that were. NULL: no memory, or *malformed. One thread at a time. */
muon_batch *held_take(struct held *held, size_t max, int64_t *last, size_t *taken, bool *malformed);

#endif
