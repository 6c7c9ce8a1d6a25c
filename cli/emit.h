/*
 * emit.h - the verb `muon emit`: store an event, or one event a line of standard input.
 */
#ifndef MUON_CLI_EMIT_H
#define MUON_CLI_EMIT_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int emit_run(const struct args *args);

#endif
