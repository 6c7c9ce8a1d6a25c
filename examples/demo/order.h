/*
 * order.h - an order of the café: what its events mean. The order service decides with it, the view counts with it.
 *
 *   OrderPlaced -> OrderPaid -> OrderBrewed -> OrderCollected
 *        `------------`-> OrderCancelled -> OrderSettled: the payment service has given back what there was to give back
 */
#ifndef DEMO_ORDER_H
#define DEMO_ORDER_H

#include <stdio.h>

#include "examples/demo/words.h"

#define ORDER_STREAMS "orders/"

enum order_state {
    ORDER_NONE,
    ORDER_PLACED,
    ORDER_PAID,
    ORDER_BREWED,
    ORDER_COLLECTED,
    ORDER_CANCELLED,
    ORDER_SETTLED
};

struct order {
    enum order_state state;
    int64_t version;
    int64_t charged_cents, refunded_cents;
    char last_event_id[WORDS_ID_BYTES]; /* what the next event is caused by */
};

/* The event type that leads to a state, and back; ORDER_NONE: no such type. */
const char *order_event_type(enum order_state state);
enum order_state order_state_after(muon_str type);

/* Nothing more happens to it. */
bool order_is_over(const struct order *order);

/* What an event changes. Of two that come in the wrong order the later version stays. */
void order_fold(struct order *order, enum order_state state, int64_t version, int64_t cents);

/* A muon_apply_fn: fold an event into a struct order. */
int32_t order_apply(void *order, const muon_event *event);

/* A line that says everything about an order; equal orders give equal lines. */
void order_print(FILE *out, int number, const struct order *order);

#endif
