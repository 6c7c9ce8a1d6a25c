/*
 * which.h - which event is meant: EVENT, or STREAM VERSION, as `muon get` and `muon why` take it.
 */
#ifndef MUON_CLI_WHICH_H
#define MUON_CLI_WHICH_H

#include "cli/args.h"

/* The place that the operands name. False: the failure has been told, end with *code. */
bool which_place(const struct args *args, muon_place *place, int *code);

/* Tell that the event could not be got. Returns the exit code. */
int which_fails(const struct args *args, const muon_error *error);

#endif
