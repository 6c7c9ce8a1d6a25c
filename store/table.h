/*
 * table.h - a hash table whose nodes are embedded in what it holds; the owner compares and frees.
 * Threads: one at a time.
 */
#ifndef PHOTON_TABLE_H
#define PHOTON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_node {
    struct table_node *next;
    uint64_t hash;
};
struct table {
    struct table_node **buckets;
    size_t size; /* a power of two */
    size_t count;
};

bool table_init(struct table *table); /* false: no memory */
void table_fini(struct table *table); /* what it held is the owner's */

/* The nodes with this hash, one after the other; NULL: no more. */
struct table_node *table_first(const struct table *table, uint64_t hash);
struct table_node *table_next(const struct table_node *node);

/* node->hash is set. Never fails: a table that cannot grow gets slower. */
void table_add(struct table *table, struct table_node *node);
void table_remove(struct table *table, struct table_node *node);

/* Forget every node; free_node is called for each of them. */
void table_clear(struct table *table, void (*free_node)(struct table_node *node));

#endif
