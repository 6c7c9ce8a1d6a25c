/*
 * session.h - Connect: one long call that serves and asks, many exchanges at a time (semantics 16, 17).
 */
#ifndef MUON_BUS_SESSION_H
#define MUON_BUS_SESSION_H

#include "bus/core.h"

extern const struct serve_method session_method;

/* Tell all sessions that nothing new may begin, and end each once nothing of it runs. Under the lock. */
void session_drain_all(struct bus *bus, int64_t timeout_ms);

#endif
