/*
 * codec-bus.c - the plain calls of BusService: a request and its answer, a stream's items, and who is there.
 */
#include "wire/codec-bus.h"

#include <assert.h>
#include <string.h>

#include "wire/codec-parts.h"
#include "wire/fields.h"
#include "wire/text.h"

enum { RESPONSE_ITEM = 1 };

/* RequestRequest; StreamRequest has the first four. */
static const struct field_rule request_rules[] = {
    FIELD_RULE(1, URL, bus_call, url, "url"),
    FIELD_RULE(2, TEXT, bus_call, content_type, "content-type"),
    FIELD_RULE(3, BODY, bus_call, body, "body"),
    FIELD_RULE(4, TEXT, bus_call, traceparent, "traceparent"),
    FIELD_RULE(5, TEXT, bus_call, caused_by, "caused-by"),
};
static const struct field_rule response_rules[] = {
    FIELD_RULE(1, U32, bus_answer, status, "status"),
    FIELD_RULE(2, TEXT, bus_answer, content_type, "content-type"),
    FIELD_RULE(3, BODY, bus_answer, body, "body"),
    FIELD_RULE(4, TEXT, bus_answer, instance_id, "instance-id"),
};
static const struct field_rule item_rules[] = {
    FIELD_RULE(1, TEXT, bus_item, content_type, "content-type"),
    FIELD_RULE(2, BODY, bus_item, body, "body"),
    FIELD_RULE(3, U64, bus_item, body_bytes, "body-bytes"),
};
static const struct field_rule discover_rules[] = {
    FIELD_RULE(1, TEXT, discover_request, filter, "filter"),
    FIELD_RULE(2, BOOL, discover_request, watch, "watch"),
};
static const struct field_rule introspect_rules[] = {{1, FIELD_NAME, 0, "service"}};

static const struct fields request_fields = {"RequestRequest", request_rules, 5};
static const struct fields stream_fields = {"StreamRequest", request_rules, 4};
static const struct fields response_fields = {"RequestResponse", response_rules, 4};
static const struct fields item_fields = {"Item", item_rules, 3};
static const struct fields discover_fields = {"DiscoverRequest", discover_rules, 2};
static const struct fields introspect_fields = {"IntrospectRequest", introspect_rules, 1};

/* ---- requests ---- */

static enum reason call_decode(const struct fields *fields, bool stream, struct span raw,
                               struct bus_call *out, struct error *error)
{
    struct bus_url url;
    memset(out, 0, sizeof *out);
    enum reason reason = fields_decode(fields, raw, out, error);
    if (reason != REASON_NONE)
        return reason;
    const char *fault = bus_url_split(out->url, &url);
    if (!fault && url.stream != stream)
        fault = stream ? "must begin with \"stream://\"" : "must begin with \"rpc://\"";
    return fault ? codec_refuse(error, "url", "url", fault) : REASON_NONE;
}

enum reason bus_request_decode(struct span raw, struct bus_call *out, struct error *error)
{
    return call_decode(&request_fields, false, raw, out, error);
}

enum reason bus_stream_decode(struct span raw, struct bus_call *out, struct error *error)
{
    return call_decode(&stream_fields, true, raw, out, error);
}

/* All of a message, but for the content of its body. */
static struct bytes *head(const struct fields *fields, const void *in)
{
    struct bytes *b = bytes_new(fields_size(fields, in) - fields_body(fields, in).len);
    if (!b)
        return NULL;
    uint8_t *end = fields_put(b->data, fields, in);
    assert(end == b->data + b->len);
    (void)end;
    return b;
}

static struct bytes *whole(const struct fields *fields, const void *in)
{
    struct span body = fields_body(fields, in);
    struct bytes *b = bytes_new(fields_size(fields, in));
    if (!b)
        return NULL;
    uint8_t *at = fields_put(b->data, fields, in);
    assert(at + body.len == b->data + b->len);
    if (body.len)
        memcpy(at, body.data, body.len);
    return b;
}

struct bytes *bus_request_encode(const struct bus_call *call)
{
    return whole(&request_fields, call);
}

struct bytes *bus_stream_encode(const struct bus_call *call)
{
    return whole(&stream_fields, call);
}

/* ---- answers ---- */

struct bytes *bus_response_encode(const struct bus_answer *answer)
{
    return head(&response_fields, answer);
}

enum reason bus_response_decode(struct span raw, struct bus_answer *out)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&response_fields, raw, out, NULL);
}

struct bytes *bus_item_head(const struct bus_item *item)
{
    size_t len = fields_size(&item_fields, item);
    struct bytes *b = bytes_new(pb_bytes_size(RESPONSE_ITEM, len) - item->body.len);
    if (!b)
        return NULL;
    uint8_t *at = fields_put(pb_put_frame(b->data, RESPONSE_ITEM, len), &item_fields, item);
    assert(at == b->data + b->len);
    (void)at;
    return b;
}

int bus_item_next(struct span *rest, struct bus_item *item)
{
    struct pb_field field;
    int more;
    do {
        more = pb_next(rest, &field);
        if (more <= 0)
            return more;
    } while (field.number != RESPONSE_ITEM || field.type != PB_BYTES);
    memset(item, 0, sizeof *item);
    return fields_decode(&item_fields, field.bytes, item, NULL) == REASON_NONE ? 1 : -1;
}

/* ---- who is there ---- */

enum reason discover_request_decode(struct span raw, struct discover_request *out,
                                    struct error *error)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&discover_fields, raw, out, error);
}

struct bytes *discover_request_encode(const struct discover_request *request)
{
    return whole(&discover_fields, request);
}

enum reason introspect_request_decode(struct span raw, struct span *service, struct error *error)
{
    memset(service, 0, sizeof *service);
    enum reason reason = fields_decode(&introspect_fields, raw, service, error);
    if (reason == REASON_NONE && service->len == 0)
        reason = codec_refuse(error, "service", "service", "is empty");
    return reason;
}

struct bytes *introspect_request_encode(struct span service)
{
    return whole(&introspect_fields, &service);
}
