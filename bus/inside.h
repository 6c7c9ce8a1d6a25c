/*
 * inside.h - a service inside the process: how photond itself answers requests and publishes streams.
 *
 * To bus/ it is an instance like any other, with the credit and the chunks of one; to its author it is a function that is given calls with
 * whole bodies, and answers them whenever it likes, from any thread.
 */
#ifndef MUON_BUS_INSIDE_H
#define MUON_BUS_INSIDE_H

#include "bus/bus.h"
#include "wire/codec-bus.h"

struct inside;      /* a service */
struct inside_call; /* an exchange with it */

struct inside_options {
    struct bus_hello hello; /* its name, id and tags */
    const struct bus_endpoint *endpoint;
    size_t endpoints;
    void *user;
    /* Something is new of a call: it has come (first of all), it can send more, it was given up. Without locks, on any thread; it
     * must not block. Never twice at a time for one call. */
    void (*wake)(struct inside_call *call);
    /* Nothing of the call runs any more: free its state. Must do nothing else. NULL: there is nothing to free. */
    void (*gone)(struct inside_call *call);
};

/* Texts are copied. NULL: no memory. */
struct inside *inside_open(struct bus *bus, const struct inside_options *options);
/* When no call is left: after the server has stopped. NULL is fine. */
void inside_close(struct inside *inside);

/* The author's own word with a call: NULL at first. */
void inside_call_set(struct inside_call *call, void *state);
void *inside_call_get(const struct inside_call *call);
void *inside_call_user(const struct inside_call *call);
/* Views that stay until the call is done. */
const struct bus_url *inside_call_url(const struct inside_call *call);
struct span inside_call_body(const struct inside_call *call);
struct span inside_call_caused_by(const struct inside_call *call);
struct span inside_call_traceparent(const struct inside_call *call);
struct span inside_call_caller(const struct inside_call *call);
/* Nobody waits for it any more. */
bool inside_call_given_up(struct inside_call *call);

/* Each call is ended by exactly one of these three, also when it was given up; it is not to be touched afterwards. body NULL: none. */
void inside_answer(struct inside_call *call, uint32_t status, struct bytes *body);
void inside_end(struct inside_call *call);
void inside_fail(struct inside_call *call, const struct error *error);

/* Publish an item of a stream. false: not now; wake comes when there is room (or it was given up). */
bool inside_item(struct inside_call *call, struct bytes *body);

#endif
