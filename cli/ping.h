/*
 * ping.h - the verb `muon ping`: is the server there?.
 */
#ifndef MUON_CLI_PING_H
#define MUON_CLI_PING_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int ping_run(const struct args *args);

#endif
