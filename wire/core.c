/*
 * core.c - how bytes become slices and back.
 *
 * Sending large parts copies nothing: a slice holds a reference to the bytes. Below a few hundred bytes a copy is cheaper than that
 * reference. Receiving copies once, into one piece: decoders want that, and it gives gRPC's read buffers back at once.
 */
#include "wire/core.h"

#include <assert.h>
#include <string.h>

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/time.h>

enum { COPY_BELOW = 512 };

static void unref(void *bytes)
{
    bytes_unref(bytes);
}

grpc_byte_buffer *core_message(struct bytes *const *parts, size_t parts_len)
{
    grpc_slice slices[CORE_SLICES_MAX];
    assert(parts_len <= CORE_SLICES_MAX);
    for (size_t i = 0; i < parts_len; i++) {
        struct bytes *part = parts[i];
        if (part->len < COPY_BELOW)
            slices[i] = grpc_slice_from_copied_buffer((const char *)part->data, part->len);
        else
            slices[i] =
                grpc_slice_new_with_user_data(part->data, part->len, unref, bytes_ref(part));
    }
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(slices, parts_len);
    for (size_t i = 0; i < parts_len; i++)
        grpc_slice_unref(slices[i]);
    return buffer;
}

struct bytes *core_take(grpc_byte_buffer *buffer)
{
    if (!buffer)
        return NULL;
    grpc_byte_buffer_reader reader;
    struct bytes *message = NULL;
    if (grpc_byte_buffer_reader_init(&reader, buffer)) {
        message = bytes_new(grpc_byte_buffer_length(reader.buffer_out));
        grpc_slice *slice;
        size_t at = 0;
        while (message && grpc_byte_buffer_reader_peek(&reader, &slice)) {
            size_t len = GRPC_SLICE_LENGTH(*slice);
            assert(len <= message->len - at);
            memcpy(message->data + at, GRPC_SLICE_START_PTR(*slice), len);
            at += len;
        }
        grpc_byte_buffer_reader_destroy(&reader);
    }
    grpc_byte_buffer_destroy(buffer);
    return message;
}

struct span core_span(const grpc_slice *slice)
{
    return (struct span){GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

grpc_slice core_slice(struct span span)
{
    return grpc_slice_from_copied_buffer((const char *)span.data, span.len);
}

int64_t core_left_ms(gpr_timespec deadline)
{
    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0)
        return INT64_MAX;
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    if (left.tv_sec > INT64_MAX / 1000 - 1)
        return INT64_MAX;
    int64_t left_ms = left.tv_sec * 1000 + left.tv_nsec / 1000000;
    return left_ms > 0 ? left_ms : 0;
}

gpr_timespec core_deadline(int64_t timeout_ms)
{
    if (timeout_ms < 0)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
}
