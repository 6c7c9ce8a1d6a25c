/*
 * entry-out.h - an entry of a history as one line of JSON, such that entry-in.h makes the same entry of it.
 */
#ifndef MUON_CLI_ENTRY_OUT_H
#define MUON_CLI_ENTRY_OUT_H

#include <stdio.h>

#include "muon/muon.h"

/* An event as `muon replay -r` writes it; what is left of an erased one, or a cut, as an object of that name beside the place. */
void entry_out_print(FILE *out, const muon_entry *entry);

#endif
