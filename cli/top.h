/*
 * top.h - `muon top`: what a running photond does, again and again.
 */
#ifndef MUON_CLI_TOP_H
#define MUON_CLI_TOP_H

#include "cli/args.h"

int top_run(const struct args *args);

#endif
