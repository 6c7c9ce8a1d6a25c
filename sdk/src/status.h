/*
 * status.h - how a failure is told: muon_error, filled from a text of ours or from the server's error.
 *
 * All functions return the status that they put into err, so that "return status_fail(…)" reads well; err may be NULL.
 */
#ifndef MUON_SDK_STATUS_H
#define MUON_SDK_STATUS_H

#include <muon/muon.h>

#include "wire/error.h"

/* A failure found here: its usual flags, no gRPC status. */
int32_t status_fail(muon_error *err, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A failure told by wire/: the server's, gRPC's, or a check that both sides share. error->reason must be set. */
int32_t status_of_error(muon_error *err, const struct error *error);

/* Copy a failure; from is filled, err may be NULL. */
int32_t status_copy(muon_error *err, const muon_error *from);

#endif
