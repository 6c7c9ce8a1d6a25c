/*
 * money.h - the money of one order: what the events of payments/17 mean. The payment service decides with it, the view checks it.
 *
 *   PaymentCharged -> PaymentRefunded     or     PaymentVoided: nothing was charged, and nothing will be
 */
#ifndef DEMO_MONEY_H
#define DEMO_MONEY_H

#include <stdio.h>

#include "examples/demo/words.h"

#define MONEY_STREAMS "payments/"

enum money_state { MONEY_NONE, MONEY_CHARGED, MONEY_REFUNDED, MONEY_VOIDED };

struct money {
    enum money_state state;
    int64_t version;
    int64_t charged_cents, refunded_cents;
    char last_event_id[WORDS_ID_BYTES];
    char by[32]; /* the instance that recorded the last event */
};

const char *money_event_type(enum money_state state);

/* A muon_apply_fn: fold an event into a struct money. */
int32_t money_apply(void *money, const muon_event *event);

/* How a line of order_print begins, if both know the same of the money. */
void money_print(FILE *out, int number, const struct money *money);

#endif
