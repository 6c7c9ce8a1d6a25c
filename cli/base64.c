/*
 * base64.c - four letters for three bytes.
 *
 * Decoding is strict, and refuses letters whose unused bits are set: two texts never mean the same bytes.
 */
#include "cli/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_print(FILE *out, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)p[i] << 16;
        if (have > 1)
            bits |= (uint32_t)p[i + 1] << 8;
        if (have > 2)
            bits |= p[i + 2];
        for (size_t letter = 0; letter < 4; letter++) {
            char c = letter <= have ? alphabet[bits >> (18 - 6 * letter) & 63] : '=';
            putc_unlocked(c, out);
        }
    }
}

static bool decode_four(const char *four, size_t letters, unsigned char *to)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < letters; i++) {
        const char *place = four[i] ? strchr(alphabet, four[i]) : NULL;
        if (!place)
            return false;
        bits |= (uint32_t)(place - alphabet) << (18 - 6 * i);
    }
    for (size_t i = 0; i + 1 < letters; i++)
        to[i] = (unsigned char)(bits >> (16 - 8 * i));
    return (bits & (0xFFFFFFu >> (8 * (letters - 1)))) == 0;
}

bool base64_decode(char *text, size_t len, size_t *out_len)
{
    unsigned char *to = (unsigned char *)text;
    *out_len = 0;
    if (len % 4 != 0)
        return false;
    for (size_t i = 0; i < len; i += 4) {
        char four[4];
        memcpy(four, text + i, 4);
        bool last = i + 4 == len;
        size_t letters = last && four[3] == '=' ? (four[2] == '=' ? 2 : 3) : 4;
        if (!decode_four(four, letters, to + *out_len))
            return false;
        *out_len += letters - 1;
    }
    return true;
}
