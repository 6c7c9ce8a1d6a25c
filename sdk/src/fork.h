/*
 * fork.h - whether this process is the child of one that had opened a client (muon.h, "Fork").
 */
#ifndef MUON_SDK_FORK_H
#define MUON_SDK_FORK_H

#include <stdbool.h>

#include <muon/muon.h>

/* From now on forks are noticed. Called by muon_open; any number of times. */
void fork_watch(void);

bool fork_happened(void);

/* MUON_OK, or MUON_EFORKED with its message in err. */
int32_t fork_check(muon_error *err);

#endif
