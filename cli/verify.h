/*
 * verify.h - `muon verify`.
 */
#ifndef MUON_CLI_VERIFY_H
#define MUON_CLI_VERIFY_H

#include "cli/args.h"

/* Returns the exit code. */
int verify_run(const struct args *args);

#endif
