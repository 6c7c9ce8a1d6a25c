/*
 * idtable.c - see idtable.h.
 */
#include "tests/history/idtable.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tests/history/memory.h"

void idtable_init(struct idtable *table, const void *items, size_t stride, size_t most)
{
    size_t slots = 16;
    while (slots < most * 2)
        slots *= 2;
    *table = (struct idtable){.items = items, .stride = stride, .mask = slots - 1};
    table->slots = memory_new(slots, sizeof *table->slots);
}

void idtable_fini(struct idtable *table)
{
    free(table->slots);
}

/* What ids are made of may be anything, e.g. two counters. */
static uint64_t hash_of(const struct history_id *id)
{
    return XXH3_64bits(id->bytes, sizeof id->bytes);
}

/* Where it is, or would be. */
static struct idtable_slot *slot_of(const struct idtable *table, const struct history_id *id)
{
    uint64_t hash = hash_of(id);
    uint32_t tag = (uint32_t)(hash >> 32);
    for (size_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        struct idtable_slot *slot = &table->slots[at];
        if (!slot->place ||
            (slot->tag == tag &&
             memcmp(table->items + (slot->place - 1) * table->stride, id, sizeof *id) == 0))
            return slot;
    }
}

uint32_t idtable_add(struct idtable *table, uint32_t place)
{
    const struct history_id *id = (const void *)(table->items + place * table->stride);
    struct idtable_slot *slot = slot_of(table, id);
    if (slot->place)
        return slot->place - 1;
    *slot = (struct idtable_slot){place + 1, (uint32_t)(hash_of(id) >> 32)};
    return IDTABLE_NONE;
}

uint32_t idtable_find(const struct idtable *table, const struct history_id *id)
{
    return slot_of(table, id)->place - 1;
}

void idtable_prefetch(const struct idtable *table, const struct history_id *id)
{
    __builtin_prefetch(&table->slots[hash_of(id) & table->mask]);
}

void idtable_prefetch_item(const struct idtable *table, const struct history_id *id)
{
    uint32_t place = table->slots[hash_of(id) & table->mask].place;
    if (place)
        __builtin_prefetch(table->items + (place - 1) * table->stride, 1);
}
