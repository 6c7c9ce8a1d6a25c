/*
 * introspect.h - the verb `muon introspect`: what does a service offer?
 */
#ifndef MUON_CLI_INTROSPECT_H
#define MUON_CLI_INTROSPECT_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int introspect_run(const struct args *args);

#endif
