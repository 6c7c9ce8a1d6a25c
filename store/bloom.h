/*
 * bloom.h - was this ever put? No; or perhaps.
 *
 * A Bloom filter in layers: when one holds as much as it can, the next is four times as large. Of what was not put about one in
 * forty is "perhaps". A filter only grows, so what is put and undone later does no harm. For one thread at a time.
 *
 * F. Putze, P. Sanders, J. Singler: Cache-, hash- and space-efficient Bloom filters (2007), the blocked kind: all bits of a hash
 * are in one line of the processor's cache.
 */
#ifndef PHOTON_BLOOM_H
#define PHOTON_BLOOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bloom;
/* For at most so many hashes. The first layer is 256 KiB for 197 thousand of them, all layers 1.3 to 7 bytes a hash. NULL: no memory. */
struct bloom *bloom_new(size_t max);
void bloom_free(struct bloom *bloom);
/* false: it holds the most it may, or there is no memory; from then on it says "perhaps" to everything. */
bool bloom_put(struct bloom *bloom, uint64_t hash);
bool bloom_perhaps(const struct bloom *bloom, uint64_t hash);

#endif
