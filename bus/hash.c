/*
 * hash.c - see hash.h. Chains; twice the slots when there are as many nodes as slots.
 */
#include "bus/hash.h"

#include <stdlib.h>

static struct hash_node **slot_of(const struct hash *hash, uint64_t value)
{
    if (!hash->slots)
        return (struct hash_node **)&hash->one;
    return &hash->slot[hash_number(value) & (hash->slots - 1)];
}

struct hash_node *hash_find(const struct hash *hash, uint64_t value,
                            bool (*is)(const struct hash_node *node, const void *key),
                            const void *key)
{
    struct hash_node *node = *slot_of(hash, value);
    while (node && (node->hash != value || !is(node, key)))
        node = node->next;
    return node;
}

static void put(struct hash *hash, struct hash_node *node)
{
    struct hash_node **slot = slot_of(hash, node->hash);
    node->next = *slot;
    *slot = node;
}

static void grow(struct hash *hash)
{
    struct hash old = *hash;
    size_t slots = old.slots ? 2 * old.slots : 16;
    struct hash_node **slot = calloc(slots, sizeof *slot);
    if (!slot)
        return;
    hash->slot = slot;
    hash->slots = slots;
    hash->one = NULL;
    for (size_t i = 0; i < (old.slots ? old.slots : 1); i++)
        for (struct hash_node *node = old.slots ? old.slot[i] : old.one; node;) {
            struct hash_node *next = node->next;
            put(hash, node);
            node = next;
        }
    free(old.slot);
}

void hash_add(struct hash *hash, struct hash_node *node, uint64_t value)
{
    if (hash->len > hash->slots)
        grow(hash);
    node->hash = value;
    put(hash, node);
    hash->len++;
}

void hash_remove(struct hash *hash, struct hash_node *node)
{
    struct hash_node **at = slot_of(hash, node->hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    hash->len--;
}

struct hash_node *hash_any(const struct hash *hash, size_t *from)
{
    if (hash->len == 0)
        return NULL;
    if (!hash->slots)
        return hash->one;
    while (!hash->slot[*from])
        ++*from;
    return hash->slot[*from];
}

void hash_each(const struct hash *hash, void (*visit)(struct hash_node *node, void *user),
               void *user)
{
    for (size_t i = 0; i < (hash->slots ? hash->slots : 1); i++)
        for (struct hash_node *node = hash->slots ? hash->slot[i] : hash->one; node;
             node = node->next)
            visit(node, user);
}

void hash_fini(struct hash *hash)
{
    free(hash->slot);
    *hash = (struct hash){0};
}

/* FNV-1a: byte by byte, so that the hash of a beginning is met on the way to that of the whole. */
uint64_t hash_bytes(uint64_t value, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        value = (value ^ bytes.data[i]) * 0x100000001b3ull;
    return value;
}

uint64_t hash_number(uint64_t number)
{
    number = (number ^ number >> 32) * 0x9e3779b97f4a7c15ull;
    return number ^ number >> 29;
}
