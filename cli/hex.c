/*
 * hex.c - see hex.h.
 */
#include "cli/hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

const char *hex_digest(const uint8_t digest[MUON_DIGEST_BYTES], char out[HEX_DIGEST_BYTES])
{
    for (size_t i = 0; i < MUON_DIGEST_BYTES; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * MUON_DIGEST_BYTES] = '\0';
    return out;
}

bool hex_digest_read(const char *text, size_t len, uint8_t digest[MUON_DIGEST_BYTES])
{
    if (len != 2 * MUON_DIGEST_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *at = memchr(digits, text[i], sizeof(digits) - 1);
        if (!at)
            return false;
        digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (at - digits));
    }
    return true;
}
