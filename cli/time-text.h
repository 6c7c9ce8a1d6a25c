/*
 * time-text.h - times and durations as people write them. Everything is UTC.
 */
#ifndef MUON_CLI_TIME_TEXT_H
#define MUON_CLI_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { TIME_TEXT_BYTES = 32 };

/* "250ms", "5s", "10m", "2h", "7d"; a number alone is seconds; decimals are fine ("1.5s"). At most 10 years. */
bool time_text_duration(const char *text, int64_t *ms);

/* Milliseconds since 1970; or "2026-11-23", "2026-11-23T16:18", "2026-11-23 16:18:39.123", perhaps with "Z" or "+02:00"; or
 * a duration with its unit: that long before now_ms. */
bool time_text_moment(const char *text, int64_t now_ms, int64_t *ms);

/* "2026-11-23T16:18:39.123Z". A time outside the years 0 to 9999 is written as its number. */
void time_text_print(int64_t ms, char out[TIME_TEXT_BYTES]);

#endif
