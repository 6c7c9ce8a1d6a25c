/*
 * pick.h - takes the wanted events out of a record, for one step of a cursor: neighbours travel as one run of bytes.
 */
#ifndef PHOTON_PICK_H
#define PHOTON_PICK_H

#include "store/cursor.h"

struct pick {
    struct cursor *cursor;
    struct cursor_batch *batch;
    size_t bytes_max;
    struct bytes *value; /* holds the frames, to be referenced; NULL: they must be copied */
    struct span run;     /* frames next to each other, not yet appended */
    bool cut;            /* the stream's next events are gone: the step ends */
};

/* Give the event; pass it over. */
bool pick_take(struct pick *pick, struct span frame); /* false: no memory */
void pick_pass(struct pick *pick, uint64_t events);
/* Append what is pending, before the frames' memory changes. false: no memory, and the step is void. */
bool pick_flush(struct pick *pick);

/* The step must end here; it should end when the record does. */
bool pick_is_over(const struct pick *pick);
bool pick_is_full(const struct pick *pick);

/* Failures of a step. */
enum reason pick_no_memory(struct error *error);
enum reason pick_malformed(struct error *error, uint64_t order_id);

#endif
