/*
 * effects.h - what a commit does beside adding events. Used by the committer only.
 */
#ifndef PHOTON_EFFECTS_H
#define PHOTON_EFFECTS_H

#include "store/erase.h"
#include "store/submission.h"

/* Does it hide events? */
bool effects_hide(const struct chain *taken);
/* Does it end an import, perhaps without an event? */
bool effects_end_import(const struct chain *taken);

/* It is durable: have erased what it hides. */
void effects_apply(const struct chain *taken, struct erase *erase);

#endif
