/*
 * order.h - an order of the café: what its events mean. The order service decides with it, the view counts with it.
 */
#ifndef DEMO_ORDER_H
#define DEMO_ORDER_H

#include <stdint.h>
#include <stdio.h>

#include <muon/muon.h>

enum order_state {
    ORDER_NONE,
    ORDER_PLACED,
    ORDER_PAID,
    ORDER_BREWED,
    ORDER_COLLECTED,
    ORDER_CANCELLED
};

struct order {
    enum order_state state;
    int64_t version;
    int64_t paid_cents;
    char last_event_id[64]; /* what the next event is caused by */
};

/* The event type that leads to a state, and back; ORDER_NONE: no such type. */
const char *order_event_type(enum order_state state);
enum order_state order_state_after(muon_str type);

/* The price in a payload {"cents":350,…}; 0: none. */
int64_t order_cents(muon_str payload);

/* A muon_apply_fn: fold an event into a struct order. */
int32_t order_apply(void *order, const muon_event *event);

/* A line that says everything about an order; equal orders give equal lines. */
void order_print(FILE *out, int number, const struct order *order);

/* The stream of an order, "orders/17"; and its number, 0: it is none. */
void order_stream(int number, char out[32]);
int order_number(muon_str stream);

#endif
