/*
 * raw.h - messages put together by hand, so that tests can send what no encoder would; and cmocka, with what it needs.
 */
#ifndef TESTS_WIRE_RAW_H
#define TESTS_WIRE_RAW_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "wire/pb.h"
#include "wire/text.h"

struct raw {
    uint8_t data[65536];
    size_t len;
};

static inline struct span raw_span(const struct raw *raw)
{
    return (struct span){raw->data, raw->len};
}

static inline void raw_bytes(struct raw *raw, uint32_t number, struct span value)
{
    assert_true(raw->len + value.len + 16 <= sizeof raw->data);
    raw->len = (size_t)(pb_put_bytes(raw->data + raw->len, number, value) - raw->data);
}

static inline void raw_text(struct raw *raw, uint32_t number, const char *value)
{
    raw_bytes(raw, number, text_span(value));
}

static inline void raw_uint(struct raw *raw, uint32_t number, uint64_t value)
{
    assert_true(raw->len + 16 <= sizeof raw->data);
    raw->len = (size_t)(pb_put_uint(raw->data + raw->len, number, value) - raw->data);
}

static inline void assert_span(struct span span, const char *text)
{
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.len ? span.data : (const uint8_t *)"", text, span.len);
}

/* The same numbers on every run. */
static inline uint64_t raw_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

#endif
