/*
 * pb.c - protobuf's wire format by hand. Everything is a loop over bounded views; a length is
 * compared with what is left before it is used.
 */
#include "wire/pb.h"

#include <string.h>

enum { FIELD_NUMBER_MAX = (1 << 29) - 1 };

/* All of these take something off [at, end), and return the place after it, or NULL: it is not whole. */

static const uint8_t *take_long_varint(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    enum { BYTES_MAX = 10 }; /* of 64 bits */
    uint64_t v = 0;
    for (unsigned i = 0; i < BYTES_MAX && at < end; i++) {
        uint8_t byte = *at++;
        if (i == BYTES_MAX - 1 && byte > 1)
            return NULL;
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *value = v;
            return at;
        }
    }
    return NULL;
}

/* Nearly all tags, and most lengths, are one byte. */
static inline const uint8_t *take_varint(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    if (at == end || *at >= 0x80)
        return take_long_varint(at, end, value);
    *value = *at;
    return at + 1;
}

static const uint8_t *take_fixed(const uint8_t *at, const uint8_t *end, size_t len, uint64_t *value)
{
    if ((size_t)(end - at) < len)
        return NULL;
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v |= (uint64_t)at[i] << (8 * i);
    *value = v;
    return at + len;
}

static inline const uint8_t *take_bytes(const uint8_t *at, const uint8_t *end, struct span *bytes)
{
    uint64_t len;
    at = take_varint(at, end, &len);
    if (!at || len > (size_t)(end - at))
        return NULL;
    *bytes = (struct span){at, (size_t)len};
    return at + len;
}

static const uint8_t *take_value(const uint8_t *at, const uint8_t *end, struct pb_field *field)
{
    switch (field->type) {
    case PB_VARINT:
        return take_varint(at, end, &field->value);
    case PB_FIXED64:
        return take_fixed(at, end, 8, &field->value);
    case PB_BYTES:
        return take_bytes(at, end, &field->bytes);
    case PB_FIXED32:
        return take_fixed(at, end, 4, &field->value);
    }
    return NULL;
}

int pb_next_any(struct span *rest, struct pb_field *field)
{
    if (rest->len == 0)
        return 0;
    const uint8_t *end = rest->data + rest->len;
    uint64_t tag;
    const uint8_t *at = take_varint(rest->data, end, &tag);
    if (!at || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
        return -1;
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum pb_type)(tag & 7);
    at = take_value(at, end, field);
    if (!at)
        return -1;
    *rest = (struct span){at, (size_t)(end - at)};
    return 1;
}

size_t pb_varint_size(uint64_t value)
{
    /* 1 + floor(log2(value) / 7), without a loop */
    return (size_t)(63 - __builtin_clzll(value | 1)) / 7 + 1;
}

uint8_t *pb_put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

uint8_t *pb_put_uint(uint8_t *at, uint32_t number, uint64_t value)
{
    return pb_put_varint(pb_put_varint(at, (uint64_t)number << 3 | PB_VARINT), value);
}

uint8_t *pb_put_frame(uint8_t *at, uint32_t number, size_t len)
{
    return pb_put_varint(pb_put_varint(at, (uint64_t)number << 3 | PB_BYTES), len);
}

uint8_t *pb_put_bytes(uint8_t *at, uint32_t number, struct span value)
{
    at = pb_put_frame(at, number, value.len);
    if (value.len)
        memcpy(at, value.data, value.len);
    return at + value.len;
}

size_t pb_uint_size(uint32_t number, uint64_t value)
{
    return pb_varint_size((uint64_t)number << 3) + pb_varint_size(value);
}

size_t pb_bytes_size(uint32_t number, size_t len)
{
    return pb_varint_size((uint64_t)number << 3) + pb_varint_size(len) + len;
}
