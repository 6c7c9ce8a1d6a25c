/*
 * replay-args.h - the JSON arguments of `muon replay`, as the original command line had them.
 */
#ifndef MUON_CLI_REPLAY_ARGS_H
#define MUON_CLI_REPLAY_ARGS_H

#include <stdbool.h>

#include "cli/follow.h"

enum { REPLAY_ARGS_WHY_BYTES = 256 };

/* Read the text into *follow, whose types point into memory that lasts until the program ends. False: why is a sentence. */
bool replay_args_parse(const char *text, struct follow *follow, char why[REPLAY_ARGS_WHY_BYTES]);

#endif
