/*
 * info.h - the verb `muon info`: which store is it?.
 */
#ifndef MUON_CLI_INFO_H
#define MUON_CLI_INFO_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int info_run(const struct args *args);

#endif
