/*
 * causes.h - why things happened: which types of events were caused by which, counted. Each cause is looked for among the events
 * of the same order and its payment, so that one which does not exist is noticed.
 */
#ifndef DEMO_CAUSES_H
#define DEMO_CAUSES_H

#include <stdio.h>

#include "examples/demo/words.h"

enum { CAUSES_EVENTS = 8, CAUSES_PAIRS = 32 };

struct causes {
    struct {
        int events;
        struct {
            char id[WORDS_ID_BYTES], type[32];
        } event[CAUSES_EVENTS];
    } order[WORDS_ORDERS_MAX + 1];
    struct {
        char type[32], cause[32]; /* "-": none */
        long long times;
    } pair[CAUSES_PAIRS];
};

/* An event of an order or of its payment, in the order in which they were stored. false: its cause is none of those before. */
bool causes_note(struct causes *causes, int number, const muon_event *event);

/* "TYPE CAUSE TIMES", a line each. */
void causes_print(FILE *out, const struct causes *causes);

#endif
