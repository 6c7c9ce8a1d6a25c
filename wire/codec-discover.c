/*
 * codec-discover.c - see codec-discover.h.
 *
 * A message within a message is written first and given its length afterwards, by moving it: it is not known before, and these are
 * rare.
 */
#include "wire/codec-discover.h"

#include <stdlib.h>
#include <string.h>

#include "wire/fields.h"

enum { RESPONSE_SERVICE = 1 };
enum { SERVICE_NAME = 1, SERVICE_TAG = 2, SERVICE_INSTANCE_ID = 3, SERVICE_INSTANCE = 4 };
enum { INSTANCE_TAG = 3, INSTANCE_ENDPOINT = 4, INSTANCE_SINCE = 5 };
enum { INTROSPECT_NAME = 1, INTROSPECT_ENDPOINT = 2 };
enum { FRAME_HEADER_MAX = 16 };

/* Without since, which is signed, and what is repeated. */
static const struct field_rule instance_rules[] = {
    FIELD_RULE(1, TEXT, instance_info, instance_id, "instance-id"),
    FIELD_RULE(2, TEXT, instance_info, identity, "identity"),
    FIELD_RULE(6, U32, instance_info, in_flight, "in-flight"),
    FIELD_RULE(7, BOOL, instance_info, draining, "draining"),
};
static const struct field_rule endpoint_rules[] = {
    FIELD_RULE(1, TEXT, bus_endpoint, path, "path"),
    FIELD_RULE(2, BOOL, bus_endpoint, stream, "stream"),
    FIELD_RULE(4, TEXT, bus_endpoint, doc, "doc"),
};
static const struct fields instance_fields = {"InstanceInfo", instance_rules, 4};
static const struct fields endpoint_fields = {"Endpoint", endpoint_rules, 3};

/* ---- written ---- */

/* Room for so many bytes more; NULL: no memory. */
static uint8_t *reserve(struct discover_writer *w, size_t size)
{
    if (w->failed)
        return NULL;
    if (w->len + size > w->room) {
        size_t room = 2 * w->room + size + 256;
        uint8_t *grown = realloc(w->data, room);
        if (!grown) {
            w->failed = true;
            return NULL;
        }
        w->data = grown;
        w->room = room;
    }
    return w->data + w->len;
}

static void put_text(struct discover_writer *w, uint32_t number, struct span text)
{
    uint8_t *at = reserve(w, pb_bytes_size(number, text.len));
    if (at)
        w->len = (size_t)(pb_put_bytes(at, number, text) - w->data);
}

static void put_fields(struct discover_writer *w, const struct fields *fields, const void *in)
{
    uint8_t *at = reserve(w, fields_size(fields, in));
    if (at)
        w->len = (size_t)(fields_put(at, fields, in) - w->data);
}

/* What was written since place becomes a field. */
static void enclose(struct discover_writer *w, uint32_t number, size_t place)
{
    if (!reserve(w, FRAME_HEADER_MAX))
        return;
    size_t len = w->len - place, header = pb_bytes_size(number, len) - len;
    memmove(w->data + place + header, w->data + place, len);
    pb_put_frame(w->data + place, number, len);
    w->len += header;
}

static void put_endpoint(struct discover_writer *w, uint32_t number,
                         const struct bus_endpoint *endpoint)
{
    size_t place = w->len;
    put_fields(w, &endpoint_fields, endpoint);
    enclose(w, number, place);
}

size_t discover_service_begin(struct discover_writer *w, struct span name)
{
    size_t place = w->len;
    put_text(w, SERVICE_NAME, name);
    return place;
}

void discover_service_tag(struct discover_writer *w, struct span tag)
{
    put_text(w, SERVICE_TAG, tag);
}

void discover_service_instance_id(struct discover_writer *w, struct span instance_id)
{
    put_text(w, SERVICE_INSTANCE_ID, instance_id);
}

void discover_service_done(struct discover_writer *w, size_t place)
{
    enclose(w, RESPONSE_SERVICE, place);
}

size_t discover_instance_begin(struct discover_writer *w, const struct instance_info *info)
{
    size_t place = w->len;
    put_fields(w, &instance_fields, info);
    uint8_t *at = reserve(w, pb_uint_size(INSTANCE_SINCE, (uint64_t)info->since));
    if (at)
        w->len = (size_t)(pb_put_uint(at, INSTANCE_SINCE, (uint64_t)info->since) - w->data);
    return place;
}

void discover_instance_tag(struct discover_writer *w, struct span tag)
{
    put_text(w, INSTANCE_TAG, tag);
}

void discover_instance_endpoint(struct discover_writer *w, const struct bus_endpoint *endpoint)
{
    put_endpoint(w, INSTANCE_ENDPOINT, endpoint);
}

void discover_instance_done(struct discover_writer *w, size_t place)
{
    enclose(w, SERVICE_INSTANCE, place);
}

void introspect_name(struct discover_writer *w, struct span name)
{
    put_text(w, INTROSPECT_NAME, name);
}

void introspect_endpoint(struct discover_writer *w, const struct bus_endpoint *endpoint)
{
    put_endpoint(w, INTROSPECT_ENDPOINT, endpoint);
}

struct bytes *discover_message(struct discover_writer *w)
{
    struct bytes *b = w->failed ? NULL : bytes_wrap(w->data, w->len, free);
    if (!b)
        free(w->data);
    *w = (struct discover_writer){0};
    return b;
}

/* ---- read ---- */

/* The next field of bytes with this number. */
static int next(struct span *rest, uint32_t number, struct span *out)
{
    struct pb_field field;
    int more;
    while ((more = pb_next(rest, &field)) > 0) {
        if (field.number != number)
            continue;
        *out = field.bytes;
        return field.type == PB_BYTES ? 1 : -1;
    }
    return more;
}

static int endpoint_next(struct span *rest, uint32_t number, struct bus_endpoint *endpoint)
{
    struct span raw;
    int more = next(rest, number, &raw);
    if (more <= 0)
        return more;
    memset(endpoint, 0, sizeof *endpoint);
    return fields_decode(&endpoint_fields, raw, endpoint, NULL) == REASON_NONE ? 1 : -1;
}

int service_entry_next(struct span *rest, struct service_entry *info)
{
    int more = next(rest, RESPONSE_SERVICE, &info->raw);
    if (more <= 0)
        return more;
    struct span raw = info->raw;
    info->name = (struct span){NULL, 0};
    return next(&raw, SERVICE_NAME, &info->name) < 0 ? -1 : 1;
}

int service_tag_next(struct span *rest, struct span *tag)
{
    return next(rest, SERVICE_TAG, tag);
}

int service_instance_next(struct span *rest, struct instance_info *info)
{
    struct span raw;
    struct pb_field field;
    int more = next(rest, SERVICE_INSTANCE, &raw);
    if (more <= 0)
        return more;
    memset(info, 0, sizeof *info);
    info->raw = raw;
    if (fields_decode(&instance_fields, raw, info, NULL) != REASON_NONE)
        return -1;
    while (pb_next(&raw, &field) > 0)
        if (field.number == INSTANCE_SINCE && field.type == PB_VARINT)
            info->since = (int64_t)field.value;
    return 1;
}

int instance_tag_next(struct span *rest, struct span *tag)
{
    return next(rest, INSTANCE_TAG, tag);
}

int instance_endpoint_next(struct span *rest, struct bus_endpoint *endpoint)
{
    return endpoint_next(rest, INSTANCE_ENDPOINT, endpoint);
}

enum reason introspect_response_decode(struct span raw, struct span *name)
{
    *name = (struct span){NULL, 0};
    return next(&raw, INTROSPECT_NAME, name) < 0 ? REASON_INVALID_ARGUMENT : REASON_NONE;
}

int introspect_endpoint_next(struct span *rest, struct bus_endpoint *endpoint)
{
    return endpoint_next(rest, INTROSPECT_ENDPOINT, endpoint);
}
