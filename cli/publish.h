/*
 * publish.h - the verb `muon publish`: lines of standard input, to subscribers.
 */
#ifndef MUON_CLI_PUBLISH_H
#define MUON_CLI_PUBLISH_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int publish_run(const struct args *args);

#endif
