/*
 * due.h - what is due at a time: a heap, so that the next is found at once and any can be taken out.
 */
#ifndef MUON_BUS_DUE_H
#define MUON_BUS_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what waits; all-zero but for run: not set. */
struct due {
    int64_t due_ms; /* of cq_mono_ms */
    size_t place;   /* in the heap, from 1; 0: not set */
    void (*run)(struct due *due);
};
struct dues {
    struct due **heap;
    size_t len, room;
};

/* Set, or move. false: no memory, and it was not set. */
bool due_set(struct dues *dues, struct due *due, int64_t due_ms);
/* Nothing happens when it is not set. */
void due_remove(struct dues *dues, struct due *due);
/* The next; NULL: none. */
struct due *due_first(const struct dues *dues);
void due_fini(struct dues *dues);

#endif
