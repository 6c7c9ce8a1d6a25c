/*
 * backup.h - `muon backup`.
 */
#ifndef MUON_CLI_BACKUP_H
#define MUON_CLI_BACKUP_H

#include "cli/args.h"

/* Returns the exit code. */
int backup_run(const struct args *args);

#endif
