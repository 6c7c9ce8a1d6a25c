/*
 * record_cache.h - records that were read lately, verified: an aggregate that is loaded again and again costs no disk and no checksum.
 *
 * Least recently used, bounded in bytes. Only single streams are read through it; a scan of everything would push out what is needed
 * again. Threads: any. A NULL cache holds nothing.
 */
#ifndef PHOTON_RECORD_CACHE_H
#define PHOTON_RECORD_CACHE_H

#include "store/record.h"

struct record_cache;
struct record_cache *record_cache_new(size_t bytes_max); /* NULL: no memory */
void record_cache_free(struct record_cache *cache);

/* The record whose key is order_id: *value is a new reference and *record views it. false: it is not here. */
bool record_cache_get(struct record_cache *cache, uint64_t order_id, struct bytes **value,
                      struct record *record);
/* Is a record that is not here worth keeping? Yes, if this was asked of it before, not long ago: so those that are wanted once, as most are, push
 * out nothing. */
bool record_cache_wants(struct record_cache *cache, uint64_t order_id);
/* Keep a record that record_open has verified; value is referenced. Without memory nothing is kept. */
void record_cache_put(struct record_cache *cache, struct bytes *value, const struct record *record);
/* The record whose key is order_id was rewritten: forget it. */
void record_cache_forget(struct record_cache *cache, uint64_t order_id);

#endif
