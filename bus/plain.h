/*
 * plain.h - what the plain calls Request and Stream have in common: a body that is put together, and a failure that is kept.
 */
#ifndef MUON_BUS_PLAIN_H
#define MUON_BUS_PLAIN_H

#include "bus/exchange.h"

/* A body in the making. All-zero: none. */
struct plain_body {
    struct bytes *bytes;
    size_t len; /* so much of it is there */
};
/* Its first piece; total 0: it is the whole. false: no memory. */
bool plain_body_begin(struct plain_body *body, struct bytes *piece, uint64_t total);
void plain_body_add(struct plain_body *body, struct bytes *piece);
bool plain_body_whole(const struct plain_body *body);
void plain_body_clear(struct plain_body *body);

/* A failure on the heap; without memory it has a reason and no words. */
struct plain_failure {
    enum reason reason; /* REASON_NONE: none */
    struct error *error;
};
void plain_fail(struct plain_failure *failure, const struct error *error);
void plain_fail_frame(struct plain_failure *failure, const struct frame *frame);
/* serve_finish with it. Takes it out under the lock, which it gives back meanwhile. */
void plain_finish(struct bus *bus, struct serve_call *call, struct plain_failure *failure);
void plain_failure_clear(struct plain_failure *failure);

/* The milliseconds that a call has left, for a Call; 0: for ever. */
uint32_t plain_left_ms(const struct serve_call *call);

#endif
