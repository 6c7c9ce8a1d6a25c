/*
 * core.h - gRPC core's slices and buffers, and ours. For wire/ only.
 */
#ifndef MUON_WIRE_CORE_H
#define MUON_WIRE_CORE_H

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>

#include "wire/bytes.h"

enum { CORE_SLICES_MAX = 128 };

/* One message made of the parts, one behind the other: large ones are referenced, small ones copied. parts_len is at most
 * CORE_SLICES_MAX. */
grpc_byte_buffer *core_message(struct bytes *const *parts, size_t parts_len);

/* A message that was received, in one piece; destroys the buffer. NULL: no memory, or buffer is NULL. */
struct bytes *core_take(grpc_byte_buffer *buffer);

/* A view of a slice, which must stay. */
struct span core_span(const grpc_slice *slice);

grpc_slice core_slice(struct span span); /* a copy */

/* In ms from now; never < 0; INT64_MAX: no deadline. */
int64_t core_left_ms(gpr_timespec deadline);
gpr_timespec core_deadline(int64_t timeout_ms); /* < 0: none */

#endif
