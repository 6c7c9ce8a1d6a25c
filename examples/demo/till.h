/*
 * till.h - how the order service asks the payment service.
 */
#ifndef DEMO_TILL_H
#define DEMO_TILL_H

#include "examples/demo/cafe.h"

struct till_answer {
    bool refused;  /* the order was cancelled a moment ago: it is not charged any more */
    int64_t cents; /* charged, or given back */
    char event_id
        [WORDS_ID_BYTES]; /* of the payment service's event: what the next one of the order is caused by */
    char recorded_by[32]; /* the instance that did it, */
    char answered_by[32]; /* and the one that answered, which may be another one */
    int asked;            /* so many times, until there was an answer */
};

/* Ask until there is an answer: what happened with a request that was lost nobody knows, but asking twice does no harm here. cause: the
 * event of the order that makes us ask. false: the cafe has failed. */
bool till_ask(struct cafe *cafe, enum cafe_call call, int number, int cents, const char *cause,
              struct till_answer *answer);

#endif
