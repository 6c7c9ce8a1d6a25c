/*
 * tail.h - the verb `muon tail`: the end of a stream, then what is added.
 */
#ifndef MUON_CLI_TAIL_H
#define MUON_CLI_TAIL_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int tail_run(const struct args *args);

#endif
