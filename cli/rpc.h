/*
 * rpc.h - the verb `muon rpc`: ask a service, show its answer.
 */
#ifndef MUON_CLI_RPC_H
#define MUON_CLI_RPC_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int rpc_run(const struct args *args);

#endif
