/*
 * codec-retention.c - see codec-retention.h. All by hand: views, and few fields.
 */
#include "wire/codec-retention.h"

#include <string.h>

#include "wire/codec-parts.h"
#include "wire/pb.h"
#include "wire/text.h"

enum { PATTERN = 1, MAX_AGE = 2, MAX_COUNT = 3, ORDER_ID = 4 };
enum { SET = 1, CLEAR = 2, LISTED = 1, RECORDED = 1 };

/* ---- Retention ---- */

/* known: whether there was no field but those that are known. */
static bool decode(struct span raw, struct retention *out, bool *known)
{
    struct pb_field field;
    int more;
    *out = (struct retention){0};
    *known = true;
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number == PATTERN && field.type == PB_BYTES)
            out->pattern = field.bytes;
        else if (field.number == MAX_AGE && field.type == PB_VARINT)
            out->max_age_ms = field.value;
        else if (field.number == MAX_COUNT && field.type == PB_VARINT)
            out->max_count = field.value;
        else if (field.number == ORDER_ID && field.type == PB_VARINT)
            out->order_id = field.value;
        else
            *known = false;
    }
    return more == 0;
}

bool retention_decode(struct span raw, struct retention *out)
{
    bool known;
    return decode(raw, out, &known);
}

size_t retention_size(const struct retention *r)
{
    return pb_bytes_size(PATTERN, r->pattern.len) + pb_uint_size(MAX_AGE, r->max_age_ms) +
           pb_uint_size(MAX_COUNT, r->max_count) + pb_uint_size(ORDER_ID, r->order_id);
}

uint8_t *retention_put(uint8_t *at, const struct retention *r)
{
    at = pb_put_bytes(at, PATTERN, r->pattern);
    at = pb_put_uint(at, MAX_AGE, r->max_age_ms);
    at = pb_put_uint(at, MAX_COUNT, r->max_count);
    return pb_put_uint(at, ORDER_ID, r->order_id);
}

/* ---- SetRetention ---- */

static enum reason refuse(struct error *error, const char *field, const char *fault)
{
    return codec_refuse(error, field, field, fault);
}

static enum reason check(const struct set_retention_request *r, struct error *error)
{
    struct span pattern = r->retention.pattern;
    const char *fault = text_name_fault(pattern);
    if (fault) {
        refuse(error, "pattern", fault);
        return codec_locate(error, "pattern", 0, pattern.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : 0);
    }
    if (text_is_reserved(pattern))
        return refuse(error, "pattern", "begins with \"__\": such streams are the store's own");
    if (r->retention.max_age_ms > RETENTION_AGE_MAX_MS)
        return refuse(error, "max-age-ms", "is more than 100 years");
    return REASON_NONE;
}

enum reason set_retention_request_decode(struct span raw, struct set_retention_request *out,
                                         struct error *error)
{
    struct pb_field field;
    int more = 0;
    bool known = true, given = false;
    memset(out, 0, sizeof *out);
    while (known && (more = pb_next(&raw, &field)) > 0) {
        known = field.number <= CLEAR && field.type == PB_BYTES;
        if (!known)
            break;
        given = true;
        out->clear = field.number == CLEAR;
        out->retention = (struct retention){.pattern = field.bytes};
        if (!out->clear && !decode(field.bytes, &out->retention, &known))
            return refuse(error, "set", "is malformed");
    }
    if (!known)
        return refuse(error, "SetRetentionRequest", "has a field that this server does not know");
    if (more < 0)
        return refuse(error, "SetRetentionRequest", "is malformed");
    if (!given)
        return refuse(error, "change", "is missing: give set or clear");
    return check(out, error);
}

struct bytes *set_retention_request_encode(const struct set_retention_request *r)
{
    size_t size = r->clear ? r->retention.pattern.len : retention_size(&r->retention);
    struct bytes *b = bytes_new(pb_bytes_size(SET, size));
    if (!b)
        return NULL;
    if (r->clear)
        pb_put_bytes(b->data, CLEAR, r->retention.pattern);
    else
        retention_put(pb_put_frame(b->data, SET, size), &r->retention);
    return b;
}

struct bytes *set_retention_response_encode(uint64_t order_id)
{
    struct bytes *b = bytes_new(pb_uint_size(RECORDED, order_id));
    if (b)
        pb_put_uint(b->data, RECORDED, order_id);
    return b;
}

enum reason set_retention_response_decode(struct span raw, uint64_t *order_id)
{
    struct pb_field field;
    int more;
    *order_id = 0;
    while ((more = pb_next(&raw, &field)) > 0)
        if (field.number == RECORDED && field.type == PB_VARINT)
            *order_id = field.value;
    return more == 0 ? REASON_NONE : REASON_INVALID_ARGUMENT;
}

/* ---- ListRetention ---- */

size_t retention_part_size(const struct retention *r)
{
    return pb_bytes_size(LISTED, retention_size(r));
}

uint8_t *retention_part_put(uint8_t *at, const struct retention *r)
{
    return retention_put(pb_put_frame(at, LISTED, retention_size(r)), r);
}

int retention_next(struct span *rest, struct retention *r)
{
    struct pb_field field;
    int more;
    do {
        more = pb_next(rest, &field);
        if (more <= 0)
            return more;
    } while (field.number != LISTED || field.type != PB_BYTES);
    return retention_decode(field.bytes, r) ? 1 : -1;
}
