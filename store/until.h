/*
 * until.h - a moment that a condition is waited for until.
 */
#ifndef PHOTON_UNTIL_H
#define PHOTON_UNTIL_H

#include <stdint.h>
#include <time.h>

/* In so many milliseconds, by CLOCK_MONOTONIC. */
struct timespec until_ms(int64_t ms);

#endif
