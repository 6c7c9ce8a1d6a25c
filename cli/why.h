/*
 * why.h - the verb `muon why`: the causes and effects of an event.
 */
#ifndef MUON_CLI_WHY_H
#define MUON_CLI_WHY_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int why_run(const struct args *args);

#endif
