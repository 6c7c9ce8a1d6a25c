/*
 * stream.h - the verb `muon stream`: show what a service publishes.
 */
#ifndef MUON_CLI_STREAM_H
#define MUON_CLI_STREAM_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int stream_run(const struct args *args);

#endif
