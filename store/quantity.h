/*
 * quantity.h - counts, sizes and times as people write them: "1000", "64 MiB", "10 s".
 */
#ifndef PHOTON_QUANTITY_H
#define PHOTON_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

enum quantity {
    QUANTITY_COUNT, /* digits only */
    QUANTITY_BYTES, /* B, KiB, MiB, GiB; without a unit: bytes */
    QUANTITY_MS     /* ms, s, min, h; a unit must be given, but for 0 */
};

/* A blank between number and unit may be left out; nothing else may stand before, between or after.
 * false: it is none, or does not fit into 63 bits. */
bool quantity_parse(const char *text, enum quantity quantity, int64_t *out);

enum { QUANTITY_TEXT_MAX = 32 };
/* With the largest unit that leaves it whole; returns out. */
const char *quantity_print(int64_t value, enum quantity quantity, char out[QUANTITY_TEXT_MAX]);

#endif
