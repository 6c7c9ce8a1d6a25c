/*
 * import.h - events from standard input, one a line, as fast as the server takes them.
 */
#ifndef MUON_CLI_IMPORT_H
#define MUON_CLI_IMPORT_H

#include "cli/args.h"

/* Emit what standard input holds, tell how it went, return the exit code. */
int import_run(const struct args *args);

#endif
