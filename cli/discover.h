/*
 * discover.h - the verb `muon discover`: which services are there?
 */
#ifndef MUON_CLI_DISCOVER_H
#define MUON_CLI_DISCOVER_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int discover_run(const struct args *args);

#endif
