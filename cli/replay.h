/*
 * replay.h - the verb `muon replay`: what a stream holds, then the end.
 */
#ifndef MUON_CLI_REPLAY_H
#define MUON_CLI_REPLAY_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int replay_run(const struct args *args);

#endif
