/*
 * stub.c - see stub.h.
 */
#include "store/stub.h"

#include <assert.h>
#include <string.h>

#include "store/keys.h"
#include "wire/pb.h"

enum { FRAME = 1, ID_KEY = 16, OWN = 17 };

/* Its message; what is zero or missing is left out. */
static size_t message_put(uint8_t message[STUB_BYTES_MAX], const struct event *place,
                          struct span id_key, const uint8_t *own)
{
    uint8_t *at = event_put_place(message, place);
    if (id_key.len)
        at = pb_put_bytes(at, ID_KEY, id_key);
    if (own)
        at = pb_put_bytes(at, OWN, (struct span){own, DIGEST_BYTES});
    return (size_t)(at - message);
}

uint8_t *stub_put(uint8_t *at, const struct event *event)
{
    uint8_t message[STUB_BYTES_MAX], own[DIGEST_BYTES];
    struct event place = {
        .version = event->version, .order_id = event->order_id, .event_time = event->event_time};
    struct key key = {.len = 0};
    if (event->event_id.len)
        key = key_event_id(event->event_id);
    digest_event(event, own);
    size_t len = message_put(message, &place, key_span(&key), own);
    place.order_id = 0;
    place.event_time = 0;
    if (len > event->raw.len)
        len = message_put(message, &place, key_span(&key), own);
    if (len > event->raw.len)
        len = message_put(message, &place, key_span(&key), NULL);
    assert(len <= event->raw.len);
    return pb_put_bytes(at, FRAME, (struct span){message, len});
}

uint8_t *stub_put_whole(uint8_t *at, const struct stub *stub)
{
    uint8_t message[STUB_BYTES_MAX];
    size_t len = message_put(message, &stub->place, stub->id_key, stub->own);
    return pb_put_bytes(at, FRAME, (struct span){message, len});
}

bool stub_read(struct span raw, const struct record *record, uint32_t ordinal, struct stub *stub)
{
    struct pb_field field;
    int more;
    *stub = (struct stub){
        .place = {.order_id = record->first + ordinal, .event_time = record->time_ms}};
    while ((more = pb_next(&raw, &field)) > 0) {
        if (field.number == EVENT_ORDER_ID && field.type == PB_VARINT)
            stub->place.order_id = field.value;
        else if (field.number == EVENT_VERSION && field.type == PB_VARINT)
            stub->place.version = field.value;
        else if (field.number == EVENT_TIME && field.type == PB_VARINT)
            stub->place.event_time = (int64_t)field.value;
        else if (field.number == ID_KEY && field.type == PB_BYTES && key_is_event_id(field.bytes))
            stub->id_key = field.bytes;
        else if (field.number == OWN && field.type == PB_BYTES && field.bytes.len == DIGEST_BYTES)
            stub->own = field.bytes.data;
        else
            return false;
    }
    return more == 0;
}

void stub_digest(const struct stub *stub, uint8_t own[DIGEST_BYTES])
{
    struct event place = {.order_id = stub->place.order_id,
                          .version = stub->place.version,
                          .event_time = stub->place.event_time};
    if (stub->own)
        memcpy(own, stub->own, DIGEST_BYTES);
    else
        digest_event(&place, own);
}
