/*
 * fields.c - see fields.h.
 *
 * A member is found by its offset; memcpy moves it, so nothing is assumed of its type but its size.
 */
#include "wire/fields.h"

#include <string.h>

#include "wire/codec-parts.h"
#include "wire/text.h"

static bool is_span(enum field_kind kind)
{
    return kind <= FIELD_BODY;
}

/* ---- decoded ---- */

static const char *url_fault(struct span url)
{
    if (url.len > URL_BYTES_MAX)
        return "is longer than 4096 bytes";
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] < 0x20 || url.data[i] == 0x7f)
            return "contains a control character";
    return text_is_utf8(url) ? NULL : "is not UTF-8";
}

static const char *span_fault(enum field_kind kind, struct span value)
{
    switch (kind) {
    case FIELD_TEXT:
        return text_fault(value);
    case FIELD_NAME:
        return text_name_fault(value);
    case FIELD_URL:
        return url_fault(value);
    default:
        return NULL;
    }
}

static void number_set(enum field_kind kind, uint64_t value, void *member)
{
    uint32_t narrow = (uint32_t)value; /* as protobuf has it */
    bool truth = value != 0;
    if (kind == FIELD_U32)
        memcpy(member, &narrow, sizeof narrow);
    else if (kind == FIELD_U64)
        memcpy(member, &value, sizeof value);
    else
        memcpy(member, &truth, sizeof truth);
}

enum reason fields_take(const struct fields *fields, const struct pb_field *field, void *out,
                        struct error *error)
{
    size_t i = 0;
    while (i < fields->len && fields->rule[i].number != field->number)
        i++;
    if (i == fields->len)
        return REASON_NONE;
    const struct field_rule *rule = &fields->rule[i];
    if (field->type != (is_span(rule->kind) ? PB_BYTES : PB_VARINT))
        return codec_refuse(error, fields->message, rule->name,
                            "has a field of the wrong wire type");
    uint8_t *member = (uint8_t *)out + rule->offset;
    if (!is_span(rule->kind)) {
        number_set(rule->kind, field->value, member);
        return REASON_NONE;
    }
    const char *fault = span_fault(rule->kind, field->bytes);
    if (fault)
        return codec_refuse(error, rule->name, rule->name, fault);
    memcpy(member, &field->bytes, sizeof field->bytes);
    return REASON_NONE;
}

enum reason fields_decode(const struct fields *fields, struct span raw, void *out,
                          struct error *error)
{
    struct pb_field field;
    enum reason reason = REASON_NONE;
    int more;
    while (reason == REASON_NONE && (more = pb_next(&raw, &field)) != 0)
        reason = more < 0 ? codec_refuse(error, fields->message, fields->message, "is malformed")
                          : fields_take(fields, &field, out, error);
    return reason;
}

/* ---- encoded ---- */

static struct span span_get(const struct field_rule *rule, const void *in)
{
    struct span value;
    memcpy(&value, (const uint8_t *)in + rule->offset, sizeof value);
    return value;
}

static uint64_t number_get(const struct field_rule *rule, const void *in)
{
    const uint8_t *member = (const uint8_t *)in + rule->offset;
    uint32_t narrow;
    uint64_t value;
    bool truth;
    switch (rule->kind) {
    case FIELD_U32:
        memcpy(&narrow, member, sizeof narrow);
        return narrow;
    case FIELD_U64:
        memcpy(&value, member, sizeof value);
        return value;
    default:
        memcpy(&truth, member, sizeof truth);
        return truth;
    }
}

size_t fields_size(const struct fields *fields, const void *in)
{
    size_t size = 0;
    for (size_t i = 0; i < fields->len; i++) {
        const struct field_rule *rule = &fields->rule[i];
        if (is_span(rule->kind)) {
            size_t len = span_get(rule, in).len;
            size += len ? pb_bytes_size(rule->number, len) : 0;
        } else {
            uint64_t value = number_get(rule, in);
            size += value ? pb_uint_size(rule->number, value) : 0;
        }
    }
    return size;
}

static const struct field_rule *body_rule(const struct fields *fields)
{
    for (size_t i = 0; i < fields->len; i++)
        if (fields->rule[i].kind == FIELD_BODY)
            return &fields->rule[i];
    return NULL;
}

struct span fields_body(const struct fields *fields, const void *in)
{
    const struct field_rule *rule = body_rule(fields);
    return rule ? span_get(rule, in) : (struct span){NULL, 0};
}

uint8_t *fields_put(uint8_t *at, const struct fields *fields, const void *in)
{
    const struct field_rule *body = body_rule(fields);
    for (size_t i = 0; i < fields->len; i++) {
        const struct field_rule *rule = &fields->rule[i];
        if (rule == body)
            continue;
        if (is_span(rule->kind)) {
            struct span value = span_get(rule, in);
            at = value.len ? pb_put_bytes(at, rule->number, value) : at;
        } else {
            uint64_t value = number_get(rule, in);
            at = value ? pb_put_uint(at, rule->number, value) : at;
        }
    }
    size_t len = body ? span_get(body, in).len : 0;
    return len ? pb_put_frame(at, body->number, len) : at;
}
