/*
 * importing.h - takes the entries of an import into a commit: with the order ids, versions and times that they have. Used by
 * the committer only, within sequence.h.
 */
#ifndef PHOTON_IMPORTING_H
#define PHOTON_IMPORTING_H

#include "store/sequence.h"

/* As sequence_add. On false the submission's own error says what is wrong with it, if it is that; *error is for whatever else is in the
 * commit. */
bool importing_add(struct sequence *sequence, struct submission *submission, struct error *error);

#endif
