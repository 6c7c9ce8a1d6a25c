/*
 * order.c - an order is what its events say, in their order; nothing else is kept of it.
 */
#include "examples/demo/order.h"

#include <stdlib.h>
#include <string.h>

static const char *const types[] = {NULL,          "OrderPlaced",    "OrderPaid",
                                    "OrderBrewed", "OrderCollected", "OrderCancelled"};
static const char *const words[] = {"none", "placed", "paid", "brewed", "collected", "cancelled"};
static const char stream_prefix[] = "orders/";

const char *order_event_type(enum order_state state)
{
    return types[state];
}

enum order_state order_state_after(muon_str type)
{
    for (int state = ORDER_PLACED; state <= ORDER_CANCELLED; state++)
        if (strcmp(types[state], type.ptr) == 0)
            return (enum order_state)state;
    return ORDER_NONE;
}

int64_t order_cents(muon_str payload)
{
    static const char key[] = "\"cents\":";
    const char *cents = strstr(payload.ptr, key);
    return cents ? strtoll(cents + sizeof(key) - 1, NULL, 10) : 0;
}

int32_t order_apply(void *state, const muon_event *event)
{
    struct order *order = state;
    order->state = order_state_after(event->type);
    order->version = event->version;
    if (order->state == ORDER_PAID)
        order->paid_cents = order_cents(event->payload);
    snprintf(order->last_event_id, sizeof(order->last_event_id), "%s", event->event_id.ptr);
    return order->state == ORDER_NONE; /* an event that no order has: stop */
}

void order_print(FILE *out, int number, const struct order *order)
{
    fprintf(out, "orders/%d %s events %lld cents %lld\n", number, words[order->state],
            (long long)order->version, (long long)order->paid_cents);
}

void order_stream(int number, char out[32])
{
    snprintf(out, 32, "%s%d", stream_prefix, number);
}

int order_number(muon_str stream)
{
    if (strncmp(stream.ptr, stream_prefix, sizeof(stream_prefix) - 1) != 0)
        return 0;
    return atoi(stream.ptr + sizeof(stream_prefix) - 1);
}
