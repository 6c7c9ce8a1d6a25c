/*
 * cafe.h - what the baristas of the order service share: which orders are open, what was acknowledged, and counters.
 */
#ifndef DEMO_CAFE_H
#define DEMO_CAFE_H

#include <pthread.h>

#include "examples/demo/order.h"

enum { CAFE_TILLS_MAX = 8, CAFE_CALLS = 2 };

/* What is asked of the payment service. */
enum cafe_call { CAFE_CHARGE, CAFE_REFUND };

struct cafe_till {
    char name[32]; /* an instance of the payment service */
    long long answers[CAFE_CALLS];
};

struct cafe {
    muon_client *client;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    int count;            /* orders let in so far */
    struct order *orders; /* what was acknowledged, from 1 */
    bool *at_till;        /* a barista is asking for its money just now */
    int first_open;
    long long events, conflicts, last_order_id;
    double longest_wait_ms;
    long long asked[CAFE_CALLS], lost[CAFE_CALLS], away[CAFE_CALLS], refused[CAFE_CALLS];
    struct cafe_till tills[CAFE_TILLS_MAX];
    bool failed;
};

/* false: no memory. */
bool cafe_init(struct cafe *cafe, muon_client *client);
void cafe_fini(struct cafe *cafe);

/* One of the few orders at the bar, so that baristas meet; but none that somebody is at the till with. Waits for one. 0: all are
 * over, or something has failed. */
int cafe_pick(struct cafe *cafe, unsigned *seed);

/* A barista goes to the till with an order, and comes back. false: another one is there with it, just now. */
bool cafe_go_to_till(struct cafe *cafe, int number);
void cafe_leave_till(struct cafe *cafe, int number);

/* The store has acknowledged an event, wait_ms after a barista took the order up. */
void cafe_note(struct cafe *cafe, int number, enum order_state state, int64_t cents,
               const muon_emit_result *result, double wait_ms);
void cafe_note_conflict(struct cafe *cafe);
/* An instance of the payment service has answered; refused: it said no. */
void cafe_note_answer(struct cafe *cafe, enum cafe_call call, const char *till, bool refused);
/* It has not: nobody knows whether it was done (lost), or nobody is there (away). */
void cafe_note_no_answer(struct cafe *cafe, enum cafe_call call, bool lost);

/* The demo has failed: say so, and let everybody stop. */
void cafe_fail(struct cafe *cafe, const char *doing, const char *why);

#endif
