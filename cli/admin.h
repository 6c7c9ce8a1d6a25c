/*
 * admin.h - `muon admin`: what an operator asks of a running photond.
 */
#ifndef MUON_CLI_ADMIN_H
#define MUON_CLI_ADMIN_H

#include "cli/args.h"

int admin_run(const struct args *args);

#endif
