/*
 * part.h - what is left of an export that was cut off.
 */
#ifndef MUON_CLI_PART_H
#define MUON_CLI_PART_H

#include <stdbool.h>

#include "muon/muon.h"

enum { PART_WHY_BYTES = 300 };

/* Read the lines of the file, cut it off before its last event, and stand at its end. *have: what the rest comes to. False: it is something
 * else; nothing was changed. */
bool part_recall(int fd, muon_sum *have, char why[PART_WHY_BYTES]);

#endif
