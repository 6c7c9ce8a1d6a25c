/*
 * fake.h - a store in this process, in memory, that does what a test tells it: for answers that a real photond gives only in bad
 * times. Plain text on a loopback port.
 *
 * It knows Info, EmitStream, Subscribe, Read and ListStreams; streams are matched by "__all__" or by their whole name. A test may put
 * itself before each step and say what happens.
 */
#ifndef TESTS_SDK_FAKE_H
#define TESTS_SDK_FAKE_H

#include "tests/sdk/made.h"
#include "wire/error.h"

struct fake;

enum fake_step {
    FAKE_INFO,      /* Info is asked */
    FAKE_EMIT,      /* a message of emits has arrived */
    FAKE_SUBSCRIBE, /* a subscription begins */
    FAKE_EVENTS,    /* events are about to be sent */
    FAKE_READ,      /* Read, ListStreams */
};
enum fake_act {
    FAKE_GO,
    FAKE_CUT,       /* end the call with UNAVAILABLE, as if the server had died before */
    FAKE_CUT_AFTER, /* do it, do not answer, and end the call likewise */
    FAKE_LAST,      /* do it, answer, and end the call in peace; FAKE_EMIT only */
    FAKE_HANG,      /* do nothing at all, for ever */
    FAKE_REFUSE,    /* end the call with the error of fake_refuse */
    FAKE_GARBAGE    /* answer with bytes that are no message */
};

/* Called on the server's threads, one at a time; nth counts the steps of that kind, from 1. */
typedef enum fake_act (*fake_hook)(void *user, enum fake_step step, unsigned nth);

struct fake *fake_new(fake_hook hook, void *user);
void fake_free(struct fake *fake);
const char *fake_url(const struct fake *fake);
void fake_refuse(struct fake *fake, enum reason reason, const char *message);
/* Events of one SubscribeResponse; 10 at first. */
void fake_set_page(struct fake *fake, size_t events);

/* What it holds: how many events; the payload of the ith as a string, valid as long as the fake. */
size_t fake_count(struct fake *fake);
const char *fake_payload(struct fake *fake, size_t i);
/* How often EmitStream messages came, and the greatest number of emits in one. */
unsigned fake_steps(struct fake *fake, enum fake_step step);
size_t fake_most_emits(struct fake *fake);

#endif
