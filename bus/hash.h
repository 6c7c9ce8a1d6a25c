/*
 * hash.h - a hash table of nodes that are embedded in what is looked up. It grows by itself, and when there is no memory for that,
 * it gets slower and nothing else.
 */
#ifndef MUON_BUS_HASH_H
#define MUON_BUS_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/bytes.h"

struct hash_node {
    struct hash_node *next;
    uint64_t hash;
};
/* All-zero is empty. */
struct hash {
    struct hash_node **slot;
    size_t slots, len;
    struct hash_node *one; /* the only slot, as long as there are no others */
};

/* The first node with this hash for which is(node, key) holds; NULL: none. */
struct hash_node *hash_find(const struct hash *hash, uint64_t value,
                            bool (*is)(const struct hash_node *node, const void *key),
                            const void *key);
void hash_add(struct hash *hash, struct hash_node *node, uint64_t value);
void hash_remove(struct hash *hash, struct hash_node *node);
/* Any node; NULL: it is empty. *from: 0 at first; as long as nothing is added, what was empty before is not looked at again. */
struct hash_node *hash_any(const struct hash *hash, size_t *from);
/* visit all, which must not add or remove. */
void hash_each(const struct hash *hash, void (*visit)(struct hash_node *node, void *user),
               void *user);
void hash_fini(struct hash *hash);

/* Continue a hash over more bytes; begin with HASH_SEED. */
#define HASH_SEED 0xcbf29ce484222325ull
uint64_t hash_bytes(uint64_t value, struct span bytes);
uint64_t hash_number(uint64_t number);

#endif
