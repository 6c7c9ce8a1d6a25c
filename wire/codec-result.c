/*
 * codec-result.c - the answers to batches, by hand: EmitResponse, and EmitStreamResponse with its
 * numbered results.
 */
#include "wire/codec-result.h"

#include <stdlib.h>
#include <string.h>

#include "wire/codec-error.h"
#include "wire/codec-parts.h"
#include "wire/pb.h"

enum { RESPONSE_DUPLICATE = 1, RESPONSE_STORED = 2, RESPONSE_TIME = 3 };
enum { STORED_ORDER_ID = 1, STORED_VERSION = 2 };
enum { PART = 1, RESULT_NUMBER = 1, RESULT_RESPONSE = 2, RESULT_ERROR = 3 };

static size_t stored_size(const struct stored_at *stored)
{
    return pb_uint_size(STORED_ORDER_ID, stored->order_id) +
           pb_uint_size(STORED_VERSION, stored->version);
}

static size_t response_size(const struct emit_response *response)
{
    size_t size = response->duplicate ? pb_uint_size(RESPONSE_DUPLICATE, 1) : 0;
    for (size_t i = 0; i < response->stored_len; i++)
        size += pb_bytes_size(RESPONSE_STORED, stored_size(&response->stored[i]));
    return size + pb_uint_size(RESPONSE_TIME, (uint64_t)response->event_time);
}

static uint8_t *response_put(uint8_t *at, const struct emit_response *response)
{
    if (response->duplicate)
        at = pb_put_uint(at, RESPONSE_DUPLICATE, 1);
    for (size_t i = 0; i < response->stored_len; i++) {
        const struct stored_at *stored = &response->stored[i];
        at = pb_put_frame(at, RESPONSE_STORED, stored_size(stored));
        at = pb_put_uint(at, STORED_ORDER_ID, stored->order_id);
        at = pb_put_uint(at, STORED_VERSION, stored->version);
    }
    return pb_put_uint(at, RESPONSE_TIME, (uint64_t)response->event_time);
}

struct bytes *emit_response_encode(const struct emit_response *response)
{
    struct bytes *b = bytes_new(response_size(response));
    if (b)
        response_put(b->data, response);
    return b;
}

static bool stored_decode(struct span raw, struct stored_at *out)
{
    struct pb_field field;
    int more;
    *out = (struct stored_at){0, 0};
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number == STORED_ORDER_ID && field.type == PB_VARINT)
            out->order_id = field.value;
        else if (field.number == STORED_VERSION && field.type == PB_VARINT)
            out->version = field.value;
    }
    return more == 0;
}

/* Count the places, or, once there is room for them, fill them in. */
static bool response_walk(struct span raw, struct emit_response *out)
{
    struct pb_field field;
    int more;
    out->stored_len = 0;
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number == RESPONSE_DUPLICATE && field.type == PB_VARINT) {
            out->duplicate = field.value != 0;
        } else if (field.number == RESPONSE_TIME && field.type == PB_VARINT) {
            out->event_time = (int64_t)field.value;
        } else if (field.number == RESPONSE_STORED && field.type == PB_BYTES) {
            if (out->stored && !stored_decode(field.bytes, &out->stored[out->stored_len]))
                return false;
            out->stored_len++;
        }
    }
    return more == 0;
}

enum reason emit_response_decode(struct span raw, struct emit_response *out)
{
    struct emit_response response = {0};
    if (!response_walk(raw, &response))
        return REASON_INVALID_ARGUMENT;
    if (response.stored_len) {
        response.stored = malloc(response.stored_len * sizeof *response.stored);
        if (!response.stored)
            return REASON_BUSY;
        if (!response_walk(raw, &response)) {
            free(response.stored);
            return REASON_INVALID_ARGUMENT;
        }
    }
    *out = response;
    return REASON_NONE;
}

int emit_result_next(struct span *rest, uint64_t *number, struct span *response, struct span *error)
{
    struct pb_field field;
    int more;
    do { /* what a newer server may add is passed over */
        more = pb_next(rest, &field);
        if (more <= 0)
            return more;
    } while (field.number != PART || field.type != PB_BYTES);
    struct span result = field.bytes;
    *number = 0;
    *response = *error = (struct span){NULL, 0};
    while ((more = pb_next(&result, &field)) > 0) {
        if (field.number == RESULT_NUMBER && field.type == PB_VARINT)
            *number = field.value;
        else if (field.number == RESULT_RESPONSE && field.type == PB_BYTES)
            *response = field.bytes;
        else if (field.number == RESULT_ERROR && field.type == PB_BYTES)
            *error = field.bytes;
    }
    return more < 0 ? -1 : 1;
}

struct bytes *emit_result_part(uint64_t number, const struct emit_response *response,
                               const struct error *error)
{
    uint8_t *body;
    struct bytes *b = NULL;
    if (error) {
        struct bytes *encoded = error_encode(error);
        if (encoded)
            b = codec_part_new(number, RESULT_ERROR, encoded->len, &body);
        if (b)
            memcpy(body, encoded->data, encoded->len);
        bytes_unref(encoded);
    } else {
        b = codec_part_new(number, RESULT_RESPONSE, response_size(response), &body);
        if (b)
            response_put(body, response);
    }
    return b;
}
