/*
 * down.h - nothing can be written: how those hear of it who want to write, and whoever reads the log.
 */
#ifndef PHOTON_DOWN_H
#define PHOTON_DOWN_H

#include "wire/error.h"

/* Between two attempts to open the log anew. */
enum { DOWN_PAUSE_MS = 250 };

/* What a submission is refused with. down: why; REASON_SHUTTING_DOWN, when there will be no more writing. */
void down_refusal(struct error *error, enum reason down);

/* Log it. */
void down_tell(const struct error *why);

#endif
