/*
 * streams.h - the verb `muon streams`: the list of streams.
 */
#ifndef MUON_CLI_STREAMS_H
#define MUON_CLI_STREAMS_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int streams_run(const struct args *args);

#endif
