/*
 * serve.h - the verb `muon serve`: answer requests.
 */
#ifndef MUON_CLI_SERVE_H
#define MUON_CLI_SERVE_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int serve_run(const struct args *args);

#endif
