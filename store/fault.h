/*
 * fault.h - what LevelDB's words mean, and what a fault is in the terms of the contract.
 */
#ifndef PHOTON_FAULT_H
#define PHOTON_FAULT_H

#include "store/log.h"

/* LevelDB tells errors as text alone: what the system said is found in it by the system's own words. */
enum log_fault fault_from_text(const char *text);
enum reason fault_reason(enum log_fault fault);

#endif
