/*
 * outbox.h - what waits to be sent on a session, and in which order (semantics 16).
 *
 * Urgent frames first (welcome, beats, cancels, credits, drain); then exchanges take turns, one frame each, so that a large body or a
 * stream that is full of items holds up nobody else by more than a frame. Frames of one lane keep their order. Nothing
 * here locks, sends, or knows credit: whoever puts a frame has paid for it.
 */
#ifndef MUON_WIRE_OUTBOX_H
#define MUON_WIRE_OUTBOX_H

#include <stdbool.h>

#include "wire/bytes.h"
#include "wire/codec-bus.h"

struct outbox_frame;

/* What one exchange has waiting. All-zero at first; it must stay while anything of it waits (outbox_drop). */
struct outbox_lane {
    struct outbox_frame *first, *last;
    struct outbox_lane *next, *prev; /* in the ring, while anything waits */
    uint64_t taken;                  /* frames taken off it so far; 0: none has left */
    /* Called by outbox_take and outbox_clear when the last that waited is taken; the lane may be freed in it, and the outbox
     * must not be used. NULL: not told. */
    void (*drained)(struct outbox_lane *lane);
};

/* All-zero is empty. */
struct outbox {
    struct outbox_frame *urgent_first, *urgent_last;
    struct outbox_lane *turn; /* whose turn it is */
    size_t bytes;             /* that wait, all together, with what keeping them costs */
};

/* Append a frame; its body's bytes (frame_head says which frames have one) are given beside it and referenced; NULL: none. lane NULL:
 * urgent. false: no memory; nothing was put. */
bool outbox_put(struct outbox *outbox, struct outbox_lane *lane, const struct frame *frame,
                struct bytes *body);

/* Forget what waits in the lane. true: something of it had been waiting. */
bool outbox_drop(struct outbox *outbox, struct outbox_lane *lane);

/* Take frames for one message: at most parts_max parts (2 or more), stopping once bytes_max is reached. Returns the number of
 * parts, each of which is the caller's to unref; 0: nothing waits. Short parts are put together by copying. */
size_t outbox_take(struct outbox *outbox, struct bytes **parts, size_t parts_max, size_t bytes_max);

void outbox_clear(struct outbox *outbox);

#endif
