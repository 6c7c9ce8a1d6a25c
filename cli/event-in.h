/*
 * event-in.h - one line of JSON as an event to be stored.
 */
#ifndef MUON_CLI_EVENT_IN_H
#define MUON_CLI_EVENT_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/line-in.h"
#include "muon/muon.h"

/* An event and the memory that it points into. All zero is empty; used for one line after the other, then freed. */
struct event_in {
    muon_event_in event;
    char *line; /* a copy of the line, strings unescaped in place */
    size_t line_bytes;
    char caused_by[24]; /* an order id in decimal */
};

/* Read the line (no NUL needed, not kept). Fields are the kebab-case names of the event; see docs/cli.md for what is
 * accepted. False: *fault says why, and the event is unusable until the next call. */
bool event_in_parse(struct event_in *in, const char *line, size_t len, struct event_fault *fault);

void event_in_free(struct event_in *in);

#endif
