/*
 * exchange.h - one request and its answer, or one subscription to a stream of a service: between two ends.
 *
 * An end is a session, a plain call, or a responder inside the process; it is embedded in the exchange. Frames go from end to end, and
 * an exchange polices what both owe the contract: credit, bodies, who may say what. It ends exactly once: by an Answer or
 * an End, by an Error, by its deadline, or because an end was lost; then both are told and forget it.
 *
 * All of it under the bus's lock. An exchange may be freed by whatever ends it; who needs it afterwards holds a reference.
 */
#ifndef MUON_BUS_EXCHANGE_H
#define MUON_BUS_EXCHANGE_H

#include "bus/registry.h"
#include "wire/outbox.h"

struct end;
struct end_ops {
    /* A frame on its way to this end, which numbers it; body: to be referenced if it is kept. A Cancel says that what has not left can be
     * forgotten. Running out of memory is the end's own business: it must not be silent about it. */
    void (*put)(struct end *end, struct frame *frame, struct bytes *body);
    /* The exchange is over: forget it. */
    void (*over)(struct end *end);
};

struct end {
    const struct end_ops *ops;
    void *owner;
    struct exchange *exchange;
    struct serve_call *call; /* by which it is connected; NULL: a responder inside */
    struct hash_node node;   /* a session's: by number */
    uint64_t number;         /* likewise */
    struct outbox_lane lane; /* likewise; taken tells whether the responder has seen the Call */
    int64_t items, bytes;    /* what the other may still send to this one */
    uint64_t body_left;      /* of the body that this one is sending */
    struct bus_credit held;  /* for a session that does not read */
};

struct exchange {
    struct bus *bus;
    struct end caller, responder;
    struct instance *instance; /* NULL: not begun, or over */
    struct due due;
    struct exchange *next, *prev; /* of the streams */
    uint64_t begun_us;            /* tally_now_us */
    unsigned refs;
    bool stream, answering, over;
};

/* With one reference, which its end gives back. The caller's end is to be set (ops, owner). NULL: no memory. */
struct exchange *exchange_new(struct bus *bus);
void exchange_ref(struct exchange *exchange);
void exchange_unref(struct exchange *exchange);

/* Find a responder and send it the Call. Fails, at once, with INVALID_ARGUMENT, TOO_LARGE, NO_SUCH_SERVICE, NO_SUCH_PATH, BUSY,
 * SHUTTING_DOWN; then nothing has begun, and the reference is still the caller's to give back. */
enum reason exchange_begin(struct exchange *exchange, struct bus_call *call, struct bytes *body,
                           struct error *error);

/* A frame from one of the ends. false: that end may never say this: its session has broken the contract as a whole. Other faults end the
 * exchange for both. The exchange may be no more afterwards. */
bool exchange_frame(struct end *from, struct frame *frame, struct bytes *body);

/* The end is gone. A caller that is left with nobody gets RESPONDER_LOST. */
void exchange_lost(struct end *end);
/* Over for both: the caller gets the error, the responder a Cancel. */
void exchange_fail(struct exchange *exchange, struct error *error);

/* All streams: they do not end by themselves when photond goes down. */
void exchange_stop_streams(struct bus *bus);

/* More can be sent to this end. */
void exchange_credit(struct end *to, uint32_t items, uint64_t bytes);

/* A body that is sent piece by piece. All-zero: nothing is left. */
struct exchange_rest {
    struct bytes *whole;
    size_t at;
};
/* What the first frame can carry of it; the rest is kept, with a reference. NULL: no memory. */
struct bytes *exchange_first(struct exchange_rest *rest, struct bytes *whole);
/* Send of the rest what the other end's credit allows. */
void exchange_go_on(struct end *from, struct exchange_rest *rest);
void exchange_rest_fini(struct exchange_rest *rest);

#endif
