/*
 * pb.c - protobuf's wire format by hand. Everything is a loop over bounded views; a length is
 * compared with what is left before it is used.
 */
#include "wire/pb.h"

#include <string.h>

enum { FIELD_NUMBER_MAX = (1 << 29) - 1 };

/* A varint of at most 64 bits off the front of *rest. */
static bool take_varint(struct span *rest, uint64_t *value)
{
    uint64_t v = 0;
    size_t len = rest->len < 10 ? rest->len : 10;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = rest->data[i];
        if (i == 9 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            rest->data += i + 1;
            rest->len -= i + 1;
            *value = v;
            return true;
        }
    }
    return false;
}

static bool take_fixed(struct span *rest, size_t len, uint64_t *value)
{
    if (rest->len < len)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v |= (uint64_t)rest->data[i] << (8 * i);
    rest->data += len;
    rest->len -= len;
    *value = v;
    return true;
}

static bool take_bytes(struct span *rest, struct span *bytes)
{
    uint64_t len;
    if (!take_varint(rest, &len) || len > rest->len)
        return false;
    *bytes = (struct span){rest->data, (size_t)len};
    rest->data += len;
    rest->len -= (size_t)len;
    return true;
}

int pb_next(struct span *rest, struct pb_field *field)
{
    if (rest->len == 0)
        return 0;
    struct span at = *rest;
    uint64_t tag;
    if (!take_varint(&at, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
        return -1;
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum pb_type)(tag & 7);
    bool ok = false;
    switch (field->type) {
    case PB_VARINT:
        ok = take_varint(&at, &field->value);
        break;
    case PB_FIXED64:
        ok = take_fixed(&at, 8, &field->value);
        break;
    case PB_BYTES:
        ok = take_bytes(&at, &field->bytes);
        break;
    case PB_FIXED32:
        ok = take_fixed(&at, 4, &field->value);
        break;
    }
    if (!ok)
        return -1;
    *rest = at;
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
