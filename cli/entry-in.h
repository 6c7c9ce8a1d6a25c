/*
 * entry-in.h - one line of JSON, as entry-out.h writes it, as an entry of a history.
 */
#ifndef MUON_CLI_ENTRY_IN_H
#define MUON_CLI_ENTRY_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/line-in.h"
#include "muon/muon.h"

/* An entry and the memory that it points into. All zero is empty; used for one line after the other, then freed. */
struct entry_in {
    muon_entry entry;
    char *line; /* a copy of the line, strings unescaped in place */
    size_t line_bytes;
};

/* Read the line (no NUL needed, not kept). Only what entry-out.h writes is accepted: whatever is missing or unknown would not be the
 * same history. False: *fault says why. */
bool entry_in_parse(struct entry_in *in, const char *line, size_t len, struct event_fault *fault);

void entry_in_free(struct entry_in *in);

#endif
