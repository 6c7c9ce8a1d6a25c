/*
 * get.h - the verb `muon get`: one event.
 */
#ifndef MUON_CLI_GET_H
#define MUON_CLI_GET_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int get_run(const struct args *args);

#endif
