/*
 * audit.h - the verb `verify`: verify.h's findings on standard output, and an exit code.
 */
#ifndef PHOTON_AUDIT_H
#define PHOTON_AUDIT_H

#include "store/exit_codes.h"
#include "store/options.h"

/* Faults a line each, up to AUDIT_FAULTS_SHOWN of them, then what was looked at. */
enum { AUDIT_FAULTS_SHOWN = 1000 };
enum exit_code audit_run(const struct options *options);

#endif
