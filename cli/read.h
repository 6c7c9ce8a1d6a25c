/*
 * read.h - the verb `muon read`: one page of a stream.
 */
#ifndef MUON_CLI_READ_H
#define MUON_CLI_READ_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int read_run(const struct args *args);

#endif
