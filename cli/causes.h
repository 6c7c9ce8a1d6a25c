/*
 * causes.h - events as a tree: each under the one that caused it.
 */
#ifndef MUON_CLI_CAUSES_H
#define MUON_CLI_CAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "muon/muon.h"

#define CAUSES_NONE SIZE_MAX

/* What is kept of an event; the texts are one block, freed with the tree. */
struct cause {
    int64_t order_id, version, time_ms;
    char *stream, *type, *event_id, *service, *caused_by, *relation;
    /* Indexes: its cause; its effects, in order; the effects of its cause before and behind it. */
    size_t parent, first, last, previous, next;
};

struct causes {
    struct cause *all; /* by order id; the root is the first */
    size_t len, room;
    json_t *known; /* event ids and order ids -> index */
};

bool causes_init(struct causes *causes); /* false: no memory */
void causes_fini(struct causes *causes);

/* Is it caused by one of those in the tree? */
bool causes_has_cause(const struct causes *causes, const muon_event *event);

/* Copy the event into the tree, below its cause; the first is the root. False: no memory. */
bool causes_add(struct causes *causes, const muon_event *event);

#endif
