/*
 * fake_bus.h - the meeting point of services, in this process, moved by hand: the test sees each frame that a client sends, and says what
 * comes back. Plain text on a loopback port.
 *
 * By itself it answers Info, says Welcome to Hello, and EndpointDone to Endpoint unless told not to. Nothing waits longer than a minute:
 * then the test has failed.
 */
#ifndef TESTS_SDK_FAKE_BUS_H
#define TESTS_SDK_FAKE_BUS_H

#include "tests/sdk/made.h"
#include "wire/codec.h"

struct fake_bus;

struct fake_bus *fake_bus_new(void);
void fake_bus_free(struct fake_bus *bus);
const char *fake_bus_url(const struct fake_bus *bus);

/* For sessions that begin from now on. */
void fake_bus_welcome(struct fake_bus *bus, const struct bus_welcome *welcome);
/* End sessions that begin from now on with this reason instead of Welcome; REASON_NONE: no longer. */
void fake_bus_refuse(struct fake_bus *bus, enum reason reason);
/* Whether an Endpoint is answered by itself; true at first. */
void fake_bus_confirm(struct fake_bus *bus, bool confirm);

/* While held, nothing more is read from sessions. */
void fake_bus_hold(struct fake_bus *bus, bool hold);

/* A frame that has come, and on which call: Connect and Stream calls count from 1, in the order begun. */
struct seen {
    unsigned call;
    struct frame frame; /* views; valid as long as the bus */
};
/* Wait for the next frame of this kind; frames of other kinds stay for later. A Stream call is a FRAME_CALL of exchange 0. */
struct seen fake_bus_next(struct fake_bus *bus, enum frame_kind kind);
/* How many frames of this kind have come in all, taken or not. */
unsigned fake_bus_count(struct fake_bus *bus, enum frame_kind kind);
/* The greatest number of frames that came in one message. */
unsigned fake_bus_most(struct fake_bus *bus);

/* Send a frame. On a Stream call: an Item. Its body's bytes are those that its span shows. */
void fake_bus_send(struct fake_bus *bus, unsigned call, const struct frame *frame);
/* The same for the short ones: an answer of this status, an error, credit. */
void fake_bus_answer(struct fake_bus *bus, const struct seen *to, uint32_t status,
                     const char *body);
void fake_bus_error(struct fake_bus *bus, const struct seen *to, enum reason reason);
void fake_bus_credit(struct fake_bus *bus, const struct seen *to, uint32_t items, uint64_t bytes);

/* End a call; REASON_NONE: in peace. Wait until it is gone, or was ended by the client. */
void fake_bus_cut(struct fake_bus *bus, unsigned call, enum reason reason);
void fake_bus_wait_gone(struct fake_bus *bus, unsigned call);

#endif
