/*
 * delete.h - the verb `muon delete`: the events of a stream, gone.
 */
#ifndef MUON_CLI_DELETE_H
#define MUON_CLI_DELETE_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int delete_run(const struct args *args);
/* `muon truncate`, likewise. */
int truncate_run(const struct args *args);

#endif
