/*
 * listen.h - why an address cannot be listened on, in words: gRPC only says that it could not.
 */
#ifndef MUON_WIRE_LISTEN_H
#define MUON_WIRE_LISTEN_H

#include <stdbool.h>

#include "wire/error.h"

/* Before listening: false and *error when somebody answers at a unix socket already (gRPC would take it over). */
bool listen_check(const char *address, struct error *error);

/* After listening has failed: find out why by trying ourselves. */
void listen_explain(const char *address, struct error *error);

#endif
