/*
 * advice.h - what a failed connection means and what to do, from gRPC's own words about it.
 */
#ifndef MUON_WIRE_ADVICE_H
#define MUON_WIRE_ADVICE_H

#include "wire/error.h"

/* Put into words an error that says UNAVAILABLE for the sake of the connection; others are left as they are. */
void advice_add(struct error *error, bool tls);

#endif
