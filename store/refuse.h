/*
 * refuse.h - what the committer says when it cannot write: to those that wait for their outcome, and to the log.
 */
#ifndef PHOTON_REFUSE_H
#define PHOTON_REFUSE_H

#include "store/lane.h"
#include "store/submission.h"

enum { REFUSE_RETRY_MS = 250 }; /* by then opening anew has been tried */

/* *error: nothing was stored, as nothing can be written now. down: why not. */
void refuse_why(struct error *error, enum reason down);

/* Fail a submission in a way that may be retried: nothing more of its call may be committed (semantics 7). One that was refused before
 * keeps its outcome. */
void refuse_one(struct submission *sub, const struct error *error);
void refuse_all(struct chain *chain, const struct error *error);

/* A line for the operator: from now on nothing can be written. */
void refuse_tell(const struct error *why);

#endif
