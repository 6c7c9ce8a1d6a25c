/*
 * items.h - what a stream of a service brings: messages of items, held as those of events are (held.h), and taken as batches.
 */
#ifndef MUON_SDK_ITEMS_H
#define MUON_SDK_ITEMS_H

#include <stdbool.h>

#include <muon/muon.h>

#include "sdk/src/held.h"

/* Look a StreamResponse over. NULL: no memory, or (*malformed) it cannot be read. */
struct held *items_hold(struct bytes *message, bool *malformed);

/* Up to max items as a batch of events: url (NUL included) is their stream, and their versions follow *version, which is moved
 * on. *taken: how many. NULL: no memory, or *malformed. One thread at a time. */
muon_batch *items_take(struct held *held, size_t max, struct bytes *url, int64_t *version,
                       size_t *taken, bool *malformed);

#endif
