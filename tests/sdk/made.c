#include "tests/sdk/made.h"

#include <stdio.h>
#include <string.h>

#include "wire/event.h"
#include "wire/pb.h"
#include "wire/text.h"

struct bytes *made_event(uint64_t order_id)
{
    char payload[32];
    snprintf(payload, sizeof payload, "p%llu", (unsigned long long)order_id);
    struct event event = {.stream_name = text_span("s"),
                          .event_type = text_span("T"),
                          .event_id = text_span("some-id"),
                          .payload = text_span(payload)};
    size_t size = event_size(&event) + pb_uint_size(EVENT_ORDER_ID, order_id) +
                  pb_uint_size(EVENT_VERSION, order_id) + pb_uint_size(EVENT_TIME, 1700000000000);
    struct bytes *raw = bytes_new(size);
    assert_non_null(raw);
    uint8_t *at = event_put(raw->data, &event);
    at = pb_put_uint(at, EVENT_ORDER_ID, order_id);
    at = pb_put_uint(at, EVENT_VERSION, order_id);
    pb_put_uint(at, EVENT_TIME, 1700000000000);
    return raw;
}

struct bytes *made_message(const uint64_t *order_ids, size_t n, const uint8_t *marker,
                           size_t marker_len)
{
    uint8_t buffer[4096], *at = buffer;
    for (size_t i = 0; i < n; i++) {
        struct bytes *event = made_event(order_ids[i]);
        at = pb_put_bytes(at, 1, bytes_span(event));
        bytes_unref(event);
    }
    if (marker_len)
        memcpy(at, marker, marker_len);
    struct bytes *message = bytes_copy(buffer, (size_t)(at - buffer) + marker_len);
    assert_non_null(message);
    return message;
}

muon_client *made_client(const char *url, const made_settings *settings)
{
    muon_config *cfg;
    muon_client *c;
    muon_error err;
    assert_int_equal(muon_config_new(&cfg), MUON_OK);
    for (; settings && (*settings)[0]; settings++)
        assert_int_equal(muon_config_set(cfg, (*settings)[0], (*settings)[1], NULL), MUON_OK);
    if (muon_open(url, cfg, &c, &err) != MUON_OK)
        fail_msg("%s", err.message);
    muon_config_free(cfg);
    return c;
}

void made_close(muon_client *c)
{
    assert_int_equal(muon_close(c, 10000, NULL), MUON_OK);
    muon_free(c);
}

int32_t made_emit(muon_client *c, const char *payload, muon_emit_result *result, muon_error *err)
{
    const muon_event_in event = {.type = "T", .payload = payload, .payload_len = strlen(payload)};
    return muon_emit(c, "s", &event, 1, NULL, result, err);
}
