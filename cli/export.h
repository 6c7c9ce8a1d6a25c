/*
 * export.h - `muon export`.
 */
#ifndef MUON_CLI_EXPORT_H
#define MUON_CLI_EXPORT_H

#include "cli/args.h"

/* Returns the exit code. */
int export_run(const struct args *args);

#endif
