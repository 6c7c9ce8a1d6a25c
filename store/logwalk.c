/*
 * logwalk.c - see logwalk.h.
 */
#include "store/logwalk.h"

#include "store/little.h"

/* ---- CRC-32C, as RFC 3720 has it; LevelDB stores it masked ---- */

static uint32_t sum_masked(const struct logwalk *walk, const uint8_t *data, size_t len)
{
    uint32_t value = 0xffffffff;
    for (size_t i = 0; i < len; i++)
        value = walk->sums[(value ^ data[i]) & 0xff] ^ value >> 8;
    value = ~value;
    return (value >> 15 | value << 17) + 0xa282ead8;
}

void logwalk_begin(struct logwalk *walk, const uint8_t *data, size_t len)
{
    *walk = (struct logwalk){.data = data, .len = len};
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0x82f63b78 : value >> 1;
        walk->sums[i] = value;
    }
}

/* ---- parts ---- */

enum logwalk_part logwalk_next(struct logwalk *walk)
{
    size_t room = LOGWALK_BLOCK_BYTES - walk->at % LOGWALK_BLOCK_BYTES;
    if (room < LOGWALK_HEADER_BYTES) { /* too little for a part: filled with zeros */
        walk->at += room;
        room = LOGWALK_BLOCK_BYTES;
    }
    if (walk->at > walk->len || walk->len - walk->at < LOGWALK_HEADER_BYTES)
        return LOGWALK_NONE;
    const uint8_t *header = walk->data + walk->at;
    size_t len = (size_t)header[4] | (size_t)header[5] << 8;
    size_t size = LOGWALK_HEADER_BYTES + len;
    if (size > room || size > walk->len - walk->at || header[6] < LOGWALK_FULL ||
        header[6] > LOGWALK_LAST || sum_masked(walk, header + 6, len + 1) != little_get32(header))
        return LOGWALK_NONE;
    walk->body = (struct span){header + LOGWALK_HEADER_BYTES, len};
    walk->at += size;
    return (enum logwalk_part)header[6];
}

size_t logwalk_whole(struct logwalk *walk)
{
    size_t whole = walk->at;
    bool within = false;
    for (enum logwalk_part part; (part = logwalk_next(walk)) != LOGWALK_NONE;) {
        if ((part == LOGWALK_MIDDLE || part == LOGWALK_LAST) != within)
            break;
        within = part == LOGWALK_FIRST || part == LOGWALK_MIDDLE;
        if (!within)
            whole = walk->at;
    }
    return whole;
}
