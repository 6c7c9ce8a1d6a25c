/*
 * little.h - numbers in the values on disk: little-endian, and varints; in keys: big-endian.
 */
#ifndef PHOTON_LITTLE_H
#define PHOTON_LITTLE_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "wire/bytes.h"

static inline void little_put64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint64_t little_get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static inline void little_put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

static inline uint32_t little_get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline void big_put64(uint8_t *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint64_t big_get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

/* A varint of at most so many bytes off the front of *rest; false: there is none. */
static inline bool little_varint_within(struct span *rest, size_t bytes_max, uint64_t *value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < rest->len && i < bytes_max; i++) {
        v |= (uint64_t)(rest->data[i] & 0x7f) << (7 * i);
        if (rest->data[i] < 0x80) {
            *value = v;
            rest->data += i + 1;
            rest->len -= i + 1;
            return true;
        }
    }
    return false;
}

static inline bool little_varint64(struct span *rest, uint64_t *value)
{
    return little_varint_within(rest, 10, value);
}

/* One of at most 32 bits. */
static inline bool little_varint(struct span *rest, uint32_t *value)
{
    uint64_t v;
    if (!little_varint_within(rest, 5, &v) || v > UINT32_MAX)
        return false;
    *value = (uint32_t)v;
    return true;
}

#endif
