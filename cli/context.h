/*
 * context.h - the verb `muon context`: servers that have names.
 */
#ifndef MUON_CLI_CONTEXT_H
#define MUON_CLI_CONTEXT_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int context_run(const struct args *args);

#endif
