/*
 * money.c - see money.h.
 */
#include "examples/demo/money.h"

#include <string.h>

static const char *const types[] = {NULL, "PaymentCharged", "PaymentRefunded", "PaymentVoided"};

const char *money_event_type(enum money_state state)
{
    return types[state];
}

static enum money_state state_after(muon_str type)
{
    for (int state = MONEY_CHARGED; state <= MONEY_VOIDED; state++)
        if (strcmp(types[state], type.ptr) == 0)
            return (enum money_state)state;
    return MONEY_NONE;
}

int32_t money_apply(void *state, const muon_event *event)
{
    struct money *money = state;
    money->state = state_after(event->type);
    money->version = event->version;
    /* Added, so that what is charged twice is seen. */
    if (money->state == MONEY_CHARGED)
        money->charged_cents += words_number(event->payload, "cents");
    if (money->state == MONEY_REFUNDED)
        money->refunded_cents += words_number(event->payload, "cents");
    words_text(event->payload, "by", money->by, sizeof(money->by));
    snprintf(money->last_event_id, sizeof(money->last_event_id), "%s", event->event_id.ptr);
    return money->state == MONEY_NONE;
}

void money_print(FILE *out, int number, const struct money *money)
{
    fprintf(out, "%d charged %lld refunded %lld\n", number, (long long)money->charged_cents,
            (long long)money->refunded_cents);
}
