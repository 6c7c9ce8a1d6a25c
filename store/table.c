/*
 * table.c - chains in a power-of-two array, doubled when there are as many nodes as buckets.
 */
#include "store/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_FIRST = 64 };

bool table_init(struct table *table)
{
    *table = (struct table){calloc(SIZE_FIRST, sizeof *table->buckets), SIZE_FIRST, 0};
    return table->buckets != NULL;
}

void table_fini(struct table *table)
{
    free(table->buckets);
    *table = (struct table){0};
}

static struct table_node **table_bucket(const struct table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->size - 1)];
}

static struct table_node *skip_others(struct table_node *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
    return skip_others(*table_bucket(table, hash), hash);
}

struct table_node *table_next(const struct table_node *node)
{
    return skip_others(node->next, node->hash);
}

static void table_grow(struct table *table)
{
    struct table bigger = {calloc(table->size * 2, sizeof *table->buckets), table->size * 2, 0};
    if (!bigger.buckets)
        return;
    for (size_t i = 0; i < table->size; i++) {
        for (struct table_node *node = table->buckets[i], *next; node; node = next) {
            next = node->next;
            struct table_node **bucket = table_bucket(&bigger, node->hash);
            node->next = *bucket;
            *bucket = node;
        }
    }
    bigger.count = table->count;
    free(table->buckets);
    *table = bigger;
}

void table_add(struct table *table, struct table_node *node)
{
    if (table->count == table->size)
        table_grow(table);
    struct table_node **bucket = table_bucket(table, node->hash);
    node->next = *bucket;
    *bucket = node;
    table->count++;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **at = table_bucket(table, node->hash);
    while (*at != node) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = node->next;
    table->count--;
}

void table_clear(struct table *table, void (*free_node)(struct table_node *node))
{
    for (size_t i = 0; i < table->size; i++) {
        for (struct table_node *node = table->buckets[i], *next; node; node = next) {
            next = node->next;
            free_node(node);
        }
        table->buckets[i] = NULL;
    }
    table->count = 0;
}
