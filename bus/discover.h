/*
 * discover.h - Discover: who is there, once or at every change.
 */
#ifndef MUON_BUS_DISCOVER_H
#define MUON_BUS_DISCOVER_H

#include "bus/registry.h"
#include "wire/codec-discover.h"

extern const struct serve_method discover_method;

/* The registry is another one now. Under the lock. */
void discover_changed(struct bus *bus);
/* End what watches. Under the lock. */
void discover_stop_all(struct bus *bus);

#endif
