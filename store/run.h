/*
 * run.h - the verbs `run` and `check-config`: from settings to a store that serves, and from signals to its end.
 */
#ifndef PHOTON_RUN_H
#define PHOTON_RUN_H

#include "store/exit_codes.h"
#include "store/options.h"

/* Serve until a signal ends it. Must be called before the process has other threads. */
enum exit_code run_store(const struct options *options);

/* What run_store checks before it opens the store; says on standard output that all is well. */
enum exit_code run_check(const struct options *options);

#endif
