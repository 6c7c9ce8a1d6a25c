/*
 * event.h - muon.v1.Event, read where it stands: views into the encoded bytes, no allocation.
 *
 * Two readers: a strict one for what clients send (semantics: fields 1 to 12 at most once, nothing else, limits, UTF-8), a
 * tolerant one for what a store sends (unknown fields are skipped; the last of repeated fields counts).
 */
#ifndef MUON_WIRE_EVENT_H
#define MUON_WIRE_EVENT_H

#include "wire/bytes.h"
#include "wire/error.h"

struct event {
    struct span raw; /* the encoded message */
    struct span stream_name, event_type, event_id, payload, content_type, schema, id, service_id;
    struct span caused_by, caused_by_relation, metadata, traceparent;
    uint64_t order_id, version;
    int64_t event_time;
};

/* A client's event: stream name and type are names, the stream's without "**" and not beginning with "__"; other texts at most 255
 * bytes. Fails with INVALID_ARGUMENT or TOO_LARGE; error->field says which field ("stream-name", …, "event" as a whole), and index goes to
 * error->event_index. Views stay valid as long as raw does. */
enum reason event_check(struct span raw, uint64_t event_bytes_max, uint32_t index,
                        struct event *event, struct error *error);

/* The fields of an event that was stored before, here or elsewhere: the store's own are let through. */
enum reason event_check_stored(const struct event *event, struct error *error);

/* A store's event. false: malformed. */
bool event_read(struct span raw, struct event *event);

/* Only what a filter needs, and fast: stream name, type and order id; false: malformed. */
bool event_peek(struct span raw, struct event *event);

/* The numbers of the client's fields are 1 to EVENT_FIELDS, then come the store's. */
enum { EVENT_FIELDS = 12, EVENT_ORDER_ID, EVENT_VERSION, EVENT_TIME };
/* The client's field of this number. */
struct span event_field(const struct event *event, uint32_t number);

/* Encoded size of a client's event with the given fields (1 to 12; raw and 13 to 15 are not looked at), and its encoding. */
size_t event_size(const struct event *event);
uint8_t *event_put(uint8_t *at, const struct event *event);
/* The store's fields: size, and encoding; zeros are left out. */
size_t event_place_size(const struct event *event);
uint8_t *event_put_place(uint8_t *at, const struct event *event);

#endif
