/*
 * idtable.h - finds things by the history_id with which they begin, in an array that is filled in order and does not move.
 */
#ifndef TESTS_HISTORY_IDTABLE_H
#define TESTS_HISTORY_IDTABLE_H

#include "tests/history/history.h"

enum { IDTABLE_NONE = UINT32_MAX };

struct idtable_slot {
    uint32_t place; /* plus one; 0: empty */
    uint32_t tag;   /* a part of the id's hash, so that few items need be looked at */
};

struct idtable {
    const char *items;
    size_t stride;
    struct idtable_slot *slots;
    size_t mask;
};

/* For an array of at most so many. */
void idtable_init(struct idtable *table, const void *items, size_t stride, size_t most);
void idtable_fini(struct idtable *table);
/* Enter the item at this place. IDTABLE_NONE, or the place of the one that has its id already. */
uint32_t idtable_add(struct idtable *table, uint32_t place);
uint32_t idtable_find(const struct idtable *table, const struct history_id *id);
/* Ask for what idtable_add and idtable_find will need first; and, when that has come, for what idtable_find will need then. */
void idtable_prefetch(const struct idtable *table, const struct history_id *id);
void idtable_prefetch_item(const struct idtable *table, const struct history_id *id);

#endif
