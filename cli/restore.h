/*
 * restore.h - `muon restore`.
 */
#ifndef MUON_CLI_RESTORE_H
#define MUON_CLI_RESTORE_H

#include "cli/args.h"

/* Returns the exit code. */
int restore_run(const struct args *args);

#endif
