/*
 * introspect.h - Introspect: what a service offers.
 */
#ifndef MUON_BUS_INTROSPECT_H
#define MUON_BUS_INTROSPECT_H

#include "bus/core.h"

extern const struct serve_method introspect_method;

#endif
