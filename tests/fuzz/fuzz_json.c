/*
 * Fuzz events as JSON, as the service `photon` takes and gives them: one that is let through is printed so that it is taken again, with
 * the same texts and, byte for byte, the same payload.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/photon_json.h"
#include "tests/fuzz/fuzz.h"
#include "wire/text.h"

static void again(const struct event *event)
{
    struct event second;
    struct error error;
    json_t *parsed;
    char *text = photon_json_print(event);
    if (!text)
        abort();
    assert(photon_json_event(text_span(text), &second, &parsed, &error) == REASON_NONE);
    assert(text_equal(second.stream_name, event->stream_name));
    assert(text_equal(second.event_type, event->event_type));
    assert(text_equal(second.event_id, event->event_id));
    assert(text_equal(second.caused_by, event->caused_by));
    assert(text_equal(second.payload, event->payload));
    assert(text_equal(second.metadata, event->metadata));
    json_decref(parsed);
    free(text);
}

/* Bytes that are no JSON, as another client may have stored them. */
static void any_payload(struct span raw)
{
    struct event event = {
        .stream_name = text_span("s"), .event_type = text_span("t"), .payload = raw};
    char *text = photon_json_print(&event);
    json_t *object = text ? json_loads(text, JSON_DECODE_INT_AS_REAL, NULL) : NULL;
    assert(object && (raw.len == 0 || json_object_get(object, "payload") ||
                      json_object_get(object, "payload-base64")));
    json_decref(object);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span raw = {data, len};
    struct event event;
    struct error error = {0};
    json_t *parsed = NULL;
    enum reason reason = photon_json_event(raw, &event, &parsed, &error);
    assert(reason == REASON_NONE || error.message[0]);
    if (reason == REASON_NONE)
        again(&event);
    json_decref(parsed);
    any_payload(raw);
    return 0;
}
