/*
 * handling.h - the request that this process was started for, by `muon serve --exec`: what it emits and asks passes on its
 * cause and trace, as libmuon's in_call does (semantics 20). It is told in the environment.
 */
#ifndef MUON_CLI_HANDLING_H
#define MUON_CLI_HANDLING_H

#include "muon/muon.h"

/* What the event does not say itself. */
void handling_inherit(muon_event_in *event);

/* Likewise of a request; NULL: there is none. */
const char *handling_cause(void);
const char *handling_trace(void);

#endif
