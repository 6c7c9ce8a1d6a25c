/*
 * advice.h - what a failed connection means and what to do, from gRPC's own words about it.
 */
#ifndef MUON_WIRE_ADVICE_H
#define MUON_WIRE_ADVICE_H

#include "wire/error.h"

enum advice_side {
    ADVICE_PLAIN,
    ADVICE_TLS,
    ADVICE_MUTUAL
}; /* how we connect; MUTUAL: with a certificate of our own */

/* Add to an error that says UNAVAILABLE because no connection could be made; others are left as they are. What was never sent was not
 * applied; and where only other certificates or another URL can help, the reason is DENIED, which is not retryable. */
void advice_add(struct error *error, enum advice_side side);

#endif
