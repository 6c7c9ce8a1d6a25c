/*
 * session-list.h - the sessions that are open, for an operator to see.
 */
#ifndef MUON_BUS_SESSION_LIST_H
#define MUON_BUS_SESSION_LIST_H

#include "bus/bus.h"
#include "wire/codec-admin.h"

/* The newest ones with a number below `before` (UINT64_MAX: all), at most max, each to see, which must be short and must not call into
 * the bus: it is called under the bus's lock. Its texts are the session's. Returns the last one's number; 0: there was none. Any thread. */
uint64_t session_list(struct bus *bus, uint64_t before, size_t max,
                      void (*see)(void *user, const struct session_info *info), void *user);

#endif
