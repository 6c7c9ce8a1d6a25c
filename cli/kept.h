/*
 * kept.h - entries gathered into a run, and what they come to.
 */
#ifndef MUON_CLI_KEPT_H
#define MUON_CLI_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "muon/muon.h"

/* All zero is empty. */
struct kept {
    uint8_t *run;
    size_t len, room;
    muon_sum sum; /* of everything that was ever added */
};

/* Append the entry. False: no memory, or its order id does not rise; the run is as before. */
bool kept_add(struct kept *kept, const muon_entry *entry, muon_error *error);
void kept_clear(struct kept *kept); /* the run; not the sum */
void kept_fini(struct kept *kept);

#endif
