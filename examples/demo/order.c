/*
 * order.c - an order is what its events say, in their order; nothing else is kept of it.
 */
#include "examples/demo/order.h"

#include <string.h>

static const char *const types[] = {NULL,          "OrderPlaced",    "OrderPaid",
                                    "OrderBrewed", "OrderCollected", "OrderCancelled",
                                    "OrderSettled"};
static const char *const words[] = {"none",      "placed",    "paid",   "brewed",
                                    "collected", "cancelled", "settled"};

const char *order_event_type(enum order_state state)
{
    return types[state];
}

enum order_state order_state_after(muon_str type)
{
    for (int state = ORDER_PLACED; state <= ORDER_SETTLED; state++)
        if (strcmp(types[state], type.ptr) == 0)
            return (enum order_state)state;
    return ORDER_NONE;
}

bool order_is_over(const struct order *order)
{
    return order->state == ORDER_COLLECTED || order->state == ORDER_SETTLED;
}

void order_fold(struct order *order, enum order_state state, int64_t version, int64_t cents)
{
    if (state == ORDER_PAID)
        order->charged_cents = cents;
    if (state == ORDER_SETTLED) /* also what was charged and never came to be an OrderPaid */
        order->charged_cents = order->refunded_cents = cents;
    if (version > order->version) {
        order->version = version;
        order->state = state;
    }
}

int32_t order_apply(void *state, const muon_event *event)
{
    struct order *order = state;
    enum order_state next = order_state_after(event->type);
    order_fold(order, next, event->version, words_number(event->payload, "cents"));
    snprintf(order->last_event_id, sizeof(order->last_event_id), "%s", event->event_id.ptr);
    return next == ORDER_NONE; /* an event that no order has: stop */
}

void order_print(FILE *out, int number, const struct order *order)
{
    fprintf(out, "%d charged %lld refunded %lld %s events %lld\n", number,
            (long long)order->charged_cents, (long long)order->refunded_cents, words[order->state],
            (long long)order->version);
}
