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

static size_t home(const struct idtable *table, const struct history_id *id)
{
    return XXH3_64bits(id->bytes, sizeof id->bytes) & table->mask;
}

/* Where it is, or would be. */
static uint32_t *slot_of(const struct idtable *table, const struct history_id *id)
{
    for (size_t at = home(table, id);; at = (at + 1) & table->mask) {
        uint32_t *slot = &table->slots[at];
        if (!*slot || memcmp(table->items + (*slot - 1) * table->stride, id, sizeof *id) == 0)
            return slot;
    }
}

uint32_t idtable_add(struct idtable *table, uint32_t place)
{
    const void *item = table->items + place * table->stride;
    uint32_t *slot = slot_of(table, item);
    if (*slot)
        return *slot - 1;
    *slot = place + 1;
    return IDTABLE_NONE;
}

uint32_t idtable_find(const struct idtable *table, const struct history_id *id)
{
    return *slot_of(table, id) - 1;
}

void idtable_prefetch(const struct idtable *table, const struct history_id *id)
{
    __builtin_prefetch(&table->slots[home(table, id)]);
}
