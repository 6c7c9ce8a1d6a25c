#include "tests/sdk/fake_once.h"

#include "tests/sdk/made.h"
#include "wire/codec.h"
#include "wire/text.h"

void fake_once_info(struct serve_call *serve, void *service, struct bytes *message)
{
    static const struct info info = {.store_id = "8f7e9c30-0000-7000-8000-000000000001",
                                     .incarnation = 1,
                                     .limits = {1 << 20, 4 << 20, 1000, 255},
                                     .version = "0"};
    (void)service;
    (void)message;
    struct bytes *reply = info_response_encode(&info);
    serve_reply(serve, reply);
    bytes_unref(reply);
}

static const struct bus_endpoint orders = {.path = {(const uint8_t *)"/orders", 7},
                                           .doc = {(const uint8_t *)"takes \"orders\"", 14}};
static const struct bus_endpoint prices = {.path = {(const uint8_t *)"/prices", 7}, .stream = true};

void fake_once_discover(struct serve_call *serve, void *service, struct bytes *message)
{
    struct discover_writer w = {0};
    const struct instance_info info = {.instance_id = text_span("i-1"),
                                       .identity = text_span("shop.example"),
                                       .since = 1234,
                                       .in_flight = 2};
    (void)service;
    (void)message;
    size_t outer = discover_service_begin(&w, text_span("shop"));
    size_t inner = discover_instance_begin(&w, &info);
    discover_instance_tag(&w, text_span("eu"));
    discover_instance_endpoint(&w, &orders);
    discover_instance_done(&w, inner);
    discover_service_tag(&w, text_span("eu"));
    discover_service_instance_id(&w, text_span("i-1"));
    discover_service_done(&w, outer);
    struct bytes *reply = discover_message(&w);
    serve_reply(serve, reply);
    bytes_unref(reply);
}

void fake_once_introspect(struct serve_call *serve, void *service, struct bytes *message)
{
    struct discover_writer w = {0};
    struct error error;
    struct span name;
    (void)service;
    assert_int_equal(introspect_request_decode(bytes_span(message), &name, &error), REASON_NONE);
    if (!text_equal(name, text_span("shop"))) {
        error_set(&error, REASON_NO_SUCH_SERVICE, "nobody serves it");
        serve_finish(serve, &error);
        return;
    }
    introspect_name(&w, name);
    introspect_endpoint(&w, &orders);
    introspect_endpoint(&w, &prices);
    struct bytes *reply = discover_message(&w);
    serve_reply(serve, reply);
    bytes_unref(reply);
}
