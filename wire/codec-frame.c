/*
 * codec-frame.c - the frames of a session, and the paths and addresses in them.
 *
 * A frame's body comes last on the wire, whatever its number: so a head can be made without it, and the body be sent from where
 * it is.
 */
#include <assert.h>
#include <string.h>

#include "wire/codec-bus.h"
#include "wire/codec-parts.h"
#include "wire/fields.h"
#include "wire/text.h"

enum { MESSAGE_FRAME = 1, FRAME_EXCHANGE = 1, HELLO_TAG = 4 };

#define FIELDS(name, rules)                                                                        \
    {                                                                                              \
        name, rules, sizeof rules / sizeof *rules                                                  \
    }

static const struct field_rule hello_rules[] = {
    FIELD_RULE(1, TEXT, bus_hello, service, "service"),
    FIELD_RULE(2, NAME, bus_hello, instance_id, "instance-id"),
    FIELD_RULE(3, U64, bus_hello, epoch, "epoch"),
    FIELD_RULE(5, U32, bus_hello, max_in_flight, "max-in-flight"),
};
static const struct field_rule welcome_rules[] = {
    FIELD_RULE(1, TEXT, bus_welcome, store_id, "store-id"),
    FIELD_RULE(2, U32, bus_welcome, beat_ms, "beat-ms"),
    FIELD_RULE(3, U64, bus_welcome, frame_bytes, "frame-bytes"),
    FIELD_RULE(4, U64, bus_welcome, body_bytes, "body-bytes"),
    FIELD_RULE(5, U32, bus_welcome, max_calls, "max-calls"),
};
static const struct field_rule endpoint_rules[] = {
    FIELD_RULE(1, NAME, bus_endpoint, path, "path"),
    FIELD_RULE(2, BOOL, bus_endpoint, stream, "stream"),
    FIELD_RULE(3, BOOL, bus_endpoint, removed, "removed"),
    FIELD_RULE(4, TEXT, bus_endpoint, doc, "doc"),
};
static const struct field_rule call_rules[] = {
    FIELD_RULE(1, URL, bus_call, url, "url"),
    FIELD_RULE(2, TEXT, bus_call, content_type, "content-type"),
    FIELD_RULE(3, BODY, bus_call, body, "body"),
    FIELD_RULE(4, U64, bus_call, body_bytes, "body-bytes"),
    FIELD_RULE(5, U32, bus_call, timeout_ms, "timeout-ms"),
    FIELD_RULE(6, TEXT, bus_call, traceparent, "traceparent"),
    FIELD_RULE(7, TEXT, bus_call, caused_by, "caused-by"),
    FIELD_RULE(8, TEXT, bus_call, caller, "caller"),
    FIELD_RULE(9, U32, bus_call, credit_items, "credit-items"),
    FIELD_RULE(10, U64, bus_call, credit_bytes, "credit-bytes"),
};
static const struct field_rule answer_rules[] = {
    FIELD_RULE(1, U32, bus_answer, status, "status"),
    FIELD_RULE(2, TEXT, bus_answer, content_type, "content-type"),
    FIELD_RULE(3, BODY, bus_answer, body, "body"),
    FIELD_RULE(4, U64, bus_answer, body_bytes, "body-bytes"),
    FIELD_RULE(5, TEXT, bus_answer, instance_id, "instance-id"),
};
static const struct field_rule item_rules[] = {
    FIELD_RULE(1, TEXT, bus_item, content_type, "content-type"),
    FIELD_RULE(2, BODY, bus_item, body, "body"),
    FIELD_RULE(3, U64, bus_item, body_bytes, "body-bytes"),
};
static const struct field_rule credit_rules[] = {
    FIELD_RULE(1, U32, bus_credit, items, "items"),
    FIELD_RULE(2, U64, bus_credit, bytes, "bytes"),
};
static const struct field_rule chunk_rules[] = {{1, FIELD_BODY, 0, "data"}};
static const struct field_rule drain_rules[] = {{1, FIELD_U32, 0, "timeout-ms"}};

/* By kind; the kinds without fields of their own are decoded from nothing. */
static const struct fields messages[] = {
    [FRAME_HELLO] = FIELDS("Hello", hello_rules),
    [FRAME_WELCOME] = FIELDS("Welcome", welcome_rules),
    [FRAME_ENDPOINT] = FIELDS("Endpoint", endpoint_rules),
    [FRAME_ENDPOINT_DONE] = FIELDS("EndpointDone", endpoint_rules),
    [FRAME_CALL] = FIELDS("Call", call_rules),
    [FRAME_ANSWER] = FIELDS("Answer", answer_rules),
    [FRAME_ITEM] = FIELDS("Item", item_rules),
    [FRAME_END] = {"End", NULL, 0},
    [FRAME_ERROR] = {"Error", NULL, 0},
    [FRAME_CANCEL] = {"Cancel", NULL, 0},
    [FRAME_CREDIT] = FIELDS("Credit", credit_rules),
    [FRAME_CHUNK] = FIELDS("Chunk", chunk_rules),
    [FRAME_DRAIN] = FIELDS("Drain", drain_rules),
    [FRAME_BEAT] = {"Beat", NULL, 0},
};

static enum reason refuse(struct error *error, const char *field, const char *fault)
{
    return codec_refuse(error, field, field, fault);
}

/* Where the members of the frame's kind begin. */
static void *members(struct frame *frame)
{
    return &frame->hello;
}

static const void *members_const(const struct frame *frame)
{
    return &frame->hello;
}

/* ---- paths and addresses ---- */

const char *bus_path_fault(struct span path)
{
    const char *fault = text_name_fault(path);
    if (fault)
        return fault;
    if (path.data[0] != '/')
        return "does not begin with \"/\"";
    return text_is_pattern(path) ? "contains \"**\"" : NULL;
}

const char *bus_endpoint_fault(struct span path)
{
    if (path.len >= 3 && path.len <= NAME_BYTES_MAX &&
        memcmp(path.data + path.len - 3, "/**", 3) == 0)
        path.len -= 2;
    return bus_path_fault(path);
}

static bool take_scheme(struct span *url, const char *scheme)
{
    size_t len = strlen(scheme);
    if (url->len < len || memcmp(url->data, scheme, len) != 0)
        return false;
    url->data += len;
    url->len -= len;
    return true;
}

const char *bus_url_split(struct span url, struct bus_url *out)
{
    memset(out, 0, sizeof *out);
    if (take_scheme(&url, "stream://"))
        out->stream = true;
    else if (!take_scheme(&url, "rpc://") && !take_scheme(&url, "request://"))
        return "must begin with \"rpc://\" or \"stream://\"";
    const uint8_t *slash = url.len ? memchr(url.data, '/', url.len) : NULL;
    if (!slash)
        return "has no path: \"rpc://service/path\"";
    out->service = (struct span){url.data, (size_t)(slash - url.data)};
    out->path = (struct span){slash, url.len - out->service.len};
    const uint8_t *mark = memchr(slash, '?', out->path.len);
    if (mark) {
        out->args = (struct span){mark + 1, (size_t)(slash + out->path.len - mark - 1)};
        out->path.len = (size_t)(mark - slash);
    }
    if (text_name_fault(out->service))
        return "has a service whose name is not 1 to 255 bytes of text";
    return bus_path_fault(out->path) ? "has a path that is not 1 to 255 bytes without \"**\""
                                     : NULL;
}

/* ---- decoded ---- */

/* Bodies: a piece fits its frame, and is no longer than the whole. */
static enum reason check_body(struct span body, uint64_t body_bytes, struct error *error)
{
    if (body.len > BUS_FRAME_BYTES) {
        refuse(error, "body", "is longer than one frame may carry: send it in chunks");
        return codec_locate(error, "body", 0, BUS_FRAME_BYTES);
    }
    if (body_bytes && body_bytes < body.len)
        return refuse(error, "body-bytes", "is less than the first piece");
    return REASON_NONE;
}

static enum reason check_hello(const struct bus_hello *hello, struct error *error)
{
    if (hello->instance_id.len == 0)
        return refuse(error, "instance-id", "is empty");
    if (hello->service.len && memchr(hello->service.data, '/', hello->service.len))
        return refuse(error, "service", "contains \"/\"");
    if (text_is_reserved(hello->service))
        return refuse(error, "service", "begins with \"__\": such names are the store's own");
    if (hello->max_in_flight > BUS_IN_FLIGHT_MAX)
        return refuse(error, "max-in-flight", "is more than 4096");
    return REASON_NONE;
}

static enum reason check(const struct frame *frame, struct error *error)
{
    const char *fault;
    switch (frame->kind) {
    case FRAME_HELLO:
        return check_hello(&frame->hello, error);
    case FRAME_ENDPOINT:
    case FRAME_ENDPOINT_DONE:
        fault = bus_endpoint_fault(frame->endpoint.path);
        return fault ? refuse(error, "path", fault) : REASON_NONE;
    case FRAME_CALL:
        return check_body(frame->call.body, frame->call.body_bytes, error);
    case FRAME_ANSWER:
        return check_body(frame->answer.body, frame->answer.body_bytes, error);
    case FRAME_ITEM:
        return check_body(frame->item.body, frame->item.body_bytes, error);
    case FRAME_CHUNK:
        if (frame->chunk.len == 0)
            return refuse(error, "data", "is empty");
        return check_body(frame->chunk, 0, error);
    default:
        return REASON_NONE;
    }
}

static enum reason add_tag(struct bus_hello *hello, struct span tag, struct error *error)
{
    const char *fault = text_name_fault(tag);
    if (fault)
        return refuse(error, "tag", fault);
    if (hello->tags == BUS_TAGS_MAX)
        return refuse(error, "tag", "is given more than 32 times");
    hello->tag[hello->tags++] = tag;
    return REASON_NONE;
}

static enum reason hello_decode(struct span raw, struct bus_hello *hello, struct error *error)
{
    struct pb_field field;
    enum reason reason = REASON_NONE;
    int more;
    while (reason == REASON_NONE && (more = pb_next(&raw, &field)) != 0)
        if (more < 0)
            reason = refuse(error, "Hello", "is malformed");
        else if (field.number == HELLO_TAG)
            reason = field.type == PB_BYTES ? add_tag(hello, field.bytes, error)
                                            : refuse(error, "Hello", "is malformed");
        else
            reason = fields_take(&messages[FRAME_HELLO], &field, hello, error);
    return reason;
}

static enum reason body_decode(struct span raw, struct frame *frame, struct error *error)
{
    enum reason reason;
    if (frame->kind == FRAME_ERROR) {
        frame->error = raw;
        return REASON_NONE;
    }
    if (frame->kind == FRAME_HELLO)
        reason = hello_decode(raw, &frame->hello, error);
    else
        reason = fields_decode(&messages[frame->kind], raw, members(frame), error);
    return reason == REASON_NONE ? check(frame, error) : reason;
}

/* 1: a frame; 0: of an unknown kind; -1: malformed. */
static int frame_decode(struct span raw, struct frame *frame, struct error *error)
{
    struct pb_field field;
    struct span body = {NULL, 0};
    int more;
    memset(frame, 0, sizeof *frame);
    while ((more = pb_next(&raw, &field)) > 0) {
        bool exchange = field.number == FRAME_EXCHANGE;
        if (field.number > FRAME_BEAT)
            continue;
        if (field.type != (exchange ? PB_VARINT : PB_BYTES)) {
            refuse(error, "Frame", "has a field of the wrong wire type");
            return -1;
        }
        if (exchange) {
            frame->exchange = field.value;
        } else {
            frame->kind = (enum frame_kind)field.number;
            body = field.bytes;
        }
    }
    if (more < 0) {
        refuse(error, "Frame", "is malformed");
        return -1;
    }
    if (!frame->kind)
        return 0;
    return body_decode(body, frame, error) == REASON_NONE ? 1 : -1;
}

int frame_next(struct span *rest, struct frame *frame, struct error *error)
{
    struct pb_field field;
    int more, got = 0;
    while (got == 0 && (more = pb_next(rest, &field)) != 0) {
        if (more < 0 || (field.number == MESSAGE_FRAME && field.type != PB_BYTES)) {
            refuse(error, "message", "is not made of frames");
            return -1;
        }
        if (field.number == MESSAGE_FRAME)
            got = frame_decode(field.bytes, frame, error);
    }
    return got;
}

/* ---- encoded ---- */

static size_t tags_size(const struct frame *frame)
{
    size_t size = 0;
    for (size_t i = 0; frame->kind == FRAME_HELLO && i < frame->hello.tags; i++)
        size += pb_bytes_size(HELLO_TAG, frame->hello.tag[i].len);
    return size;
}

static uint8_t *put_members(uint8_t *at, const struct frame *frame)
{
    if (frame->kind == FRAME_ERROR) {
        if (frame->error.len)
            memcpy(at, frame->error.data, frame->error.len);
        return at + frame->error.len;
    }
    for (size_t i = 0; frame->kind == FRAME_HELLO && i < frame->hello.tags; i++)
        at = pb_put_bytes(at, HELLO_TAG, frame->hello.tag[i]);
    return fields_put(at, &messages[frame->kind], members_const(frame));
}

struct bytes *frame_head(const struct frame *frame)
{
    const struct fields *fields = &messages[frame->kind];
    assert(frame->kind >= FRAME_HELLO && frame->kind <= FRAME_BEAT);
    bool error = frame->kind == FRAME_ERROR;
    size_t inner = error ? frame->error.len : fields_size(fields, members_const(frame));
    inner += tags_size(frame);
    size_t len = (frame->exchange ? pb_uint_size(FRAME_EXCHANGE, frame->exchange) : 0) +
                 pb_bytes_size(frame->kind, inner);
    size_t body = fields_body(fields, members_const(frame)).len;
    struct bytes *b = bytes_new(pb_bytes_size(MESSAGE_FRAME, len) - body);
    if (!b)
        return NULL;
    uint8_t *at = pb_put_frame(b->data, MESSAGE_FRAME, len);
    if (frame->exchange)
        at = pb_put_uint(at, FRAME_EXCHANGE, frame->exchange);
    at = put_members(pb_put_frame(at, frame->kind, inner), frame);
    assert(at == b->data + b->len);
    return b;
}
