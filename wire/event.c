/*
 * event.c - Event, by hand: a table says where each field's view goes and what is asked of it.
 *
 * The strict reader makes one pass over the fields (a bit a field finds repetitions) and one over
 * the table; what it lets through may be stored byte for byte, with the store's fields appended.
 */
#include "wire/event.h"

#include <stdio.h>
#include <string.h>

#include "wire/pb.h"
#include "wire/text.h"

enum { STORES_LAST = 31 }; /* up to here numbers are the store's */

enum what { WHAT_NAME, WHAT_TEXT, WHAT_DATA };

#define AT(member) offsetof(struct event, member)
static const struct {
    const char *name; /* as JSON has it */
    size_t offset;
    enum what what;
} fields[EVENT_FIELDS + 1] = {
    [1] = {"stream-name", AT(stream_name), WHAT_NAME},
    [2] = {"event-type", AT(event_type), WHAT_NAME},
    [3] = {"event-id", AT(event_id), WHAT_TEXT},
    [4] = {"payload", AT(payload), WHAT_DATA},
    [5] = {"content-type", AT(content_type), WHAT_TEXT},
    [6] = {"schema", AT(schema), WHAT_TEXT},
    [7] = {"id", AT(id), WHAT_TEXT},
    [8] = {"service-id", AT(service_id), WHAT_TEXT},
    [9] = {"caused-by", AT(caused_by), WHAT_TEXT},
    [10] = {"caused-by-relation", AT(caused_by_relation), WHAT_TEXT},
    [11] = {"metadata", AT(metadata), WHAT_DATA},
    [12] = {"traceparent", AT(traceparent), WHAT_TEXT},
};

static struct span *view(struct event *event, uint32_t number)
{
    return (struct span *)((char *)event + fields[number].offset);
}

struct span event_field(const struct event *event, uint32_t number)
{
    return *(const struct span *)((const char *)event + fields[number].offset);
}

/* Refuse: "event 3: stream-name is empty". */
static enum reason refuse(struct error *error, uint32_t index, const char *field, uint64_t limit,
                          const char *fault)
{
    error_set(error, REASON_INVALID_ARGUMENT, "event %u: %s %s", index, field, fault);
    if (error) {
        error_text(error->field, sizeof error->field, text_span(field));
        error->event_index = index;
        error->limit = limit;
    }
    return REASON_INVALID_ARGUMENT;
}

/* A field that a client's event must not have, or not so. */
static enum reason refuse_field(struct error *error, uint32_t index, const struct pb_field *field)
{
    static const char *const stores[] = {"order-id", "version", "event-time"};
    if (field->number <= EVENT_FIELDS)
        return refuse(error, index, fields[field->number].name, 0,
                      field->type == PB_BYTES ? "is given twice" : "has the wrong wire type");
    if (field->number <= EVENT_TIME)
        return refuse(error, index, stores[field->number - EVENT_ORDER_ID], 0,
                      "is set by the store: leave it out");
    char name[24];
    snprintf(name, sizeof name, "field %u", field->number);
    return refuse(error, index, name, 0,
                  field->number <= STORES_LAST ? "is the store's: leave it out"
                                               : "is unknown: leave it out");
}

static enum reason check_stream_name(struct error *error, uint32_t index, struct span name)
{
    if (text_is_reserved(name))
        return refuse(error, index, "stream-name", 0,
                      "begins with \"__\": such streams are the store's own");
    if (text_is_pattern(name))
        return refuse(error, index, "stream-name", 0,
                      "contains \"**\", which stands for any characters: name one stream");
    return REASON_NONE;
}

static enum reason check_texts(const struct event *event, uint32_t index, struct error *error)
{
    for (uint32_t n = 1; n <= EVENT_FIELDS; n++) {
        if (fields[n].what == WHAT_DATA)
            continue;
        struct span text = event_field(event, n);
        if (text.len == 0 && fields[n].what == WHAT_TEXT)
            continue;
        const char *fault = fields[n].what == WHAT_NAME ? text_name_fault(text) : text_fault(text);
        if (fault)
            return refuse(error, index, fields[n].name,
                          text.len > NAME_BYTES_MAX ? NAME_BYTES_MAX : 0, fault);
    }
    return REASON_NONE;
}

enum reason event_check_stored(const struct event *event, struct error *error)
{
    enum reason reason = check_texts(event, 0, error);
    if (!reason && event->event_id.len == 0)
        reason = refuse(error, 0, fields[3].name, 0, "is empty");
    return reason;
}

enum reason event_check(struct span raw, uint64_t event_bytes_max, uint32_t index,
                        struct event *event, struct error *error)
{
    if (raw.len > event_bytes_max) {
        error_set(error, REASON_TOO_LARGE,
                  "event %u has %zu bytes, over the limit of %llu: make it smaller", index, raw.len,
                  (unsigned long long)event_bytes_max);
        if (error) {
            error_text(error->field, sizeof error->field, text_span("event"));
            error->event_index = index;
            error->limit = event_bytes_max;
        }
        return REASON_TOO_LARGE;
    }
    memset(event, 0, sizeof *event);
    event->raw = raw;
    struct span rest = raw;
    struct pb_field field;
    uint32_t seen = 0;
    int more;
    while ((more = pb_next(&rest, &field)) > 0) {
        if (field.number > EVENT_FIELDS || field.type != PB_BYTES || seen & 1u << field.number)
            return refuse_field(error, index, &field);
        seen |= 1u << field.number;
        *view(event, field.number) = field.bytes;
    }
    if (more < 0)
        return refuse(error, index, "event", 0, "is malformed: it is not an Event of muon.v1");
    enum reason reason = check_texts(event, index, error);
    return reason ? reason : check_stream_name(error, index, event->stream_name);
}

bool event_read(struct span raw, struct event *event)
{
    memset(event, 0, sizeof *event);
    event->raw = raw;
    struct span rest = raw;
    struct pb_field field;
    int more;
    while ((more = pb_next(&rest, &field)) > 0) {
        if (field.number <= EVENT_FIELDS && field.type == PB_BYTES)
            *view(event, field.number) = field.bytes;
        else if (field.number == EVENT_ORDER_ID && field.type == PB_VARINT)
            event->order_id = field.value;
        else if (field.number == EVENT_VERSION && field.type == PB_VARINT)
            event->version = field.value;
        else if (field.number == EVENT_TIME && field.type == PB_VARINT)
            event->event_time = (int64_t)field.value;
    }
    return more == 0;
}

bool event_peek(struct span raw, struct event *event)
{
    memset(event, 0, sizeof *event);
    event->raw = raw;
    struct span rest = raw;
    struct pb_field field;
    int more;
    while ((more = pb_next(&rest, &field)) > 0) {
        if (field.number == 1 && field.type == PB_BYTES)
            event->stream_name = field.bytes;
        else if (field.number == 2 && field.type == PB_BYTES)
            event->event_type = field.bytes;
        else if (field.number == EVENT_ORDER_ID && field.type == PB_VARINT)
            event->order_id = field.value;
    }
    return more == 0;
}

size_t event_size(const struct event *event)
{
    size_t size = 0;
    for (uint32_t n = 1; n <= EVENT_FIELDS; n++) {
        size_t len = event_field(event, n).len;
        size += len ? pb_bytes_size(n, len) : 0;
    }
    return size;
}

uint8_t *event_put(uint8_t *at, const struct event *event)
{
    for (uint32_t n = 1; n <= EVENT_FIELDS; n++) {
        struct span v = event_field(event, n);
        if (v.len)
            at = pb_put_bytes(at, n, v);
    }
    return at;
}

size_t event_place_size(const struct event *event)
{
    return (event->order_id ? pb_uint_size(EVENT_ORDER_ID, event->order_id) : 0) +
           (event->version ? pb_uint_size(EVENT_VERSION, event->version) : 0) +
           (event->event_time ? pb_uint_size(EVENT_TIME, (uint64_t)event->event_time) : 0);
}

uint8_t *event_put_place(uint8_t *at, const struct event *event)
{
    if (event->order_id)
        at = pb_put_uint(at, EVENT_ORDER_ID, event->order_id);
    if (event->version)
        at = pb_put_uint(at, EVENT_VERSION, event->version);
    if (event->event_time)
        at = pb_put_uint(at, EVENT_TIME, (uint64_t)event->event_time);
    return at;
}
