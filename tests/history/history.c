/*
 * history.c - see history.h.
 */
#include "tests/history/history.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

enum { UUID_TEXT = 36 };

int64_t history_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t history_name(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int is_hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static int parse_uuid(const char *text, uint8_t bytes[16])
{
    size_t out = 0;
    if (strlen(text) != UUID_TEXT)
        return 0;
    for (size_t i = 0; i < UUID_TEXT; i += 2) {
        if (is_hyphen_at(i) && text[i++] != '-')
            return 0;
        int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        bytes[out++] = (uint8_t)(high * 16 + low);
    }
    return 1;
}

struct history_id history_event_id(const char *text)
{
    struct history_id id;
    if (!parse_uuid(text, id.bytes)) {
        XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
        memcpy(id.bytes, &hash, sizeof id.bytes);
    }
    return id;
}

struct history_id history_request_id(uint64_t caller, uint64_t request)
{
    struct history_id id;
    memcpy(id.bytes, &caller, sizeof caller);
    memcpy(id.bytes + sizeof caller, &request, sizeof request);
    return id;
}

uint64_t history_checksum(const char *type, const void *payload, size_t len)
{
    return XXH3_64bits_withSeed(payload, len, XXH3_64bits(type, strlen(type)));
}

const char *history_id_text(const struct history_id *id)
{
    static char texts[4][UUID_TEXT + 1];
    static unsigned turn;
    char *text = texts[turn++ % 4], *at = text;
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (is_hyphen_at((size_t)(at - text)))
            *at++ = '-';
        snprintf(at, 3, "%02x", id->bytes[i]);
        at += 2;
    }
    return text;
}
