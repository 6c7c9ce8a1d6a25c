/*
 * procfs.h - what the system says of this process: processor time, memory, open files.
 */
#ifndef PHOTON_PROCFS_H
#define PHOTON_PROCFS_H

#include "store/metrics.h"

/* Fill in what *metrics has of the process; where /proc cannot be read, it is not known. Any thread. */
void procfs_take(struct metrics *metrics);

#endif
