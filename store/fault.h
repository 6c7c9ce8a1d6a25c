/*
 * fault.h - what LevelDB's words mean, and what a fault is in the terms of the contract.
 */
#ifndef PHOTON_FAULT_H
#define PHOTON_FAULT_H

#include "store/log.h"

/* LevelDB tells errors as text alone: what the system said is found in it by the system's own words. */
enum log_fault fault_from_text(const char *text);
/* The same, and the failure in a sentence: "the store in DIR cannot be read: TEXT; what to do". */
enum log_fault fault_tell(const char *dir, const char *what, const char *text, struct error *error);
enum reason fault_reason(enum log_fault fault);
/* The same for a write: room lacked; LevelDB has met damage behind our back, and writes no more; or something that opening anew may
 * cure. */
enum reason fault_of_write(enum log_fault fault);
/* The same for a sync, which only the system can fail. */
enum reason fault_of_sync(int code);

#endif
