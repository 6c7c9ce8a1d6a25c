/*
 * pb.h - reading and writing protobuf's wire format by hand, for what is too frequent for a generated codec.
 * Format: https://protobuf.dev/programming-guides/encoding/. Bounds are checked; nothing recurses; nothing is allocated.
 */
#ifndef MUON_WIRE_PB_H
#define MUON_WIRE_PB_H

#include <stdbool.h>

#include "wire/bytes.h"

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
    uint32_t number;
    enum pb_type type;
    uint64_t value;    /* PB_VARINT, PB_FIXED64, PB_FIXED32 */
    struct span bytes; /* PB_BYTES: a view of the input */
};

/* Take the next field off the front of *rest. 1: taken; 0: *rest is empty; -1: malformed (groups are, too). */
static inline int pb_next(struct span *rest, struct pb_field *field);
/* The same, out of line. */
int pb_next_any(struct span *rest, struct pb_field *field);

/* Bytes that a varint needs (1 to 10); write one, return the place after it. */
size_t pb_varint_size(uint64_t value);
uint8_t *pb_put_varint(uint8_t *at, uint64_t value);
/* A whole field: tag and value. */
uint8_t *pb_put_uint(uint8_t *at, uint32_t number, uint64_t value);
uint8_t *pb_put_bytes(uint8_t *at, uint32_t number, struct span value);
/* The tag and length of a field of bytes whose len bytes the caller puts behind it. */
uint8_t *pb_put_frame(uint8_t *at, uint32_t number, size_t len);
/* Bytes of a whole field. */
size_t pb_uint_size(uint32_t number, uint64_t value);
size_t pb_bytes_size(uint32_t number, size_t len);

/* Nearly all fields are bytes, with a tag of one byte and a length of one or two: those are taken in line. */
static inline int pb_next(struct span *rest, struct pb_field *field)
{
    const uint8_t *at = rest->data;
    if (rest->len < 3 || (at[0] & 0x87) != PB_BYTES || at[0] >> 3 == 0)
        return pb_next_any(rest, field);
    size_t head = at[1] < 0x80 ? 2 : 3;
    size_t len = head == 2 ? at[1] : (at[1] & 0x7fu) | (size_t)at[2] << 7;
    if ((head == 3 && at[2] >= 0x80) || len > rest->len - head)
        return pb_next_any(rest, field);
    field->number = at[0] >> 3;
    field->type = PB_BYTES;
    field->bytes = (struct span){at + head, len};
    *rest = (struct span){at + head + len, rest->len - head - len};
    return 1;
}

#endif
