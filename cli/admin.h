/*
 * admin.h - `muon admin`: what an operator asks of a running photond.
 */
#ifndef MUON_CLI_ADMIN_H
#define MUON_CLI_ADMIN_H

#include "cli/args.h"

int admin_run(const struct args *args);

/* Tell what an admin call has failed with; what to do when it was denied is another thing than of other calls. Returns the exit code. */
int admin_error(const struct args *args, const muon_error *error);

#endif
