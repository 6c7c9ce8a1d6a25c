/*
 * Fuzz what libmuon makes of a server's messages: pages and subscriptions, items of services, documents about services, answers to
 * emits. Whatever comes, order ids rise, counts fit, and views end with a NUL within the message.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/batch.h"
#include "sdk/src/held.h"
#include "sdk/src/items.h"
#include "sdk/src/sub_request.h"
#include "sdk/src/text_out.h"
#include "tests/fuzz/fuzz.h"
#include "wire/text.h"

static void look(const muon_batch *batch, int64_t after)
{
    for (size_t i = 0; i < muon_batch_count(batch); i++) {
        const muon_event *event = muon_batch_at(batch, i);
        const muon_str *texts[] = {&event->stream, &event->type,    &event->event_id,
                                   &event->id,     &event->payload, &event->content_type};
        assert(event->order_id > after);
        after = event->order_id;
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++)
            assert(texts[j]->ptr && texts[j]->ptr[texts[j]->len] == '\0');
    }
}

static struct bytes *message_of(const struct feed *feed)
{
    struct bytes *message = bytes_copy(feed->at, feed->len);
    if (!message)
        abort();
    return message;
}

static void events(struct feed *feed)
{
    size_t max = 1 + feed_byte(feed) % 8, taken;
    int64_t last = 0;
    bool malformed = false;
    struct bytes *message = message_of(feed);
    struct held *held = held_new(message, &malformed);
    bytes_unref(message);
    assert(held || malformed);
    while (held && held->events > 0) {
        size_t before = held->events;
        int64_t after = last;
        muon_batch *batch = held_take(held, max, &last, &taken, &malformed);
        assert(batch ? taken > 0 && taken <= max && held->events == before - taken : malformed);
        if (!batch)
            break;
        look(batch, after);
        muon_batch_free(batch);
    }
    held_free(held);
}

static void items(struct feed *feed)
{
    size_t max = 1 + feed_byte(feed) % 8, taken;
    int64_t version = 0;
    bool malformed = false;
    struct bytes *message = message_of(feed);
    struct bytes *url = bytes_copy("stream://s/p", sizeof "stream://s/p");
    struct held *held = items_hold(message, &malformed);
    bytes_unref(message);
    assert(held || malformed);
    while (held && held->events > 0) {
        muon_batch *batch = items_take(held, max, url, &version, &taken, &malformed);
        assert(batch ? taken > 0 && taken <= max : malformed);
        if (!batch)
            break;
        for (size_t i = 0; i < muon_batch_count(batch); i++)
            assert(strcmp(muon_batch_at(batch, i)->stream.ptr, "stream://s/p") == 0);
        muon_batch_free(batch);
    }
    held_free(held);
    bytes_unref(url);
}

static void documents(struct feed *feed)
{
    struct span raw = {feed->at, feed->len}, rest = raw, inner, deep, text;
    struct service_entry service;
    struct instance_info instance;
    struct bus_endpoint endpoint;
    struct text_out out = {.max = 1 << 20};
    while (service_entry_next(&rest, &service) > 0) {
        text_out_string(&out, service.name);
        for (inner = service.raw; service_tag_next(&inner, &text) > 0;)
            text_out_string(&out, text);
        for (inner = service.raw; service_instance_next(&inner, &instance) > 0;) {
            text_out_string(&out, instance.identity);
            for (deep = instance.raw; instance_tag_next(&deep, &text) > 0;)
                text_out_string(&out, text);
            for (deep = instance.raw; instance_endpoint_next(&deep, &endpoint) > 0;)
                text_out_string(&out, endpoint.path);
        }
    }
    if (introspect_response_decode(raw, &text) == REASON_NONE)
        text_out_string(&out, text);
    for (rest = raw; introspect_endpoint_next(&rest, &endpoint) > 0;)
        text_out_string(&out, endpoint.doc);
    assert(!out.text || out.failed || text_is_utf8(text_span(out.text)));
    text_out_fini(&out);
}

/* How a subscription goes on after this message and this status. */
static void resuming(struct feed *feed)
{
    struct sub_request request;
    struct error status = {.reason = REASON_NONE};
    struct info info = {.store_id = "store"};
    bool malformed;
    muon_error err = {0};
    uint8_t reason = feed_byte(feed) % REASON_COUNT;
    if (reason)
        error_set(&status, (enum reason)reason, "the call has ended");
    if (sub_request_init(&request, "orders/**", &(muon_sub_opts){0}, &err) != MUON_OK)
        abort();
    struct bytes *message = message_of(feed);
    struct held *held = sub_request_hold(&request, message, &malformed);
    if (held)
        sub_request_advance(&request, held);
    if (status.reason != REASON_NONE && sub_request_end(&request, &status, &err) < 0)
        assert(err.message[0]);
    bytes_unref(sub_request_encode(&request, &info));
    held_free(held);
    bytes_unref(message);
    sub_request_fini(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parts[])(struct feed * feed) = {events, items, documents, resuming};
    struct feed feed = {data, len};
    parts[feed_byte(&feed) % 4](&feed);
    return 0;
}
