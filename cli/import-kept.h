/*
 * import-kept.h - `muon import`.
 */
#ifndef MUON_CLI_IMPORT_KEPT_H
#define MUON_CLI_IMPORT_KEPT_H

#include "cli/args.h"

/* Returns the exit code. */
int import_kept_run(const struct args *args);

#endif
