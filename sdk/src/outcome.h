/*
 * outcome.h - what becomes of one operation: an item for a queue, or the result of a blocked call.
 *
 * Made before the operation is accepted, so that telling its end needs no memory and cannot fail. Exactly one of
 * outcome_deliver and outcome_free ends it on the operation's side.
 */
#ifndef MUON_SDK_OUTCOME_H
#define MUON_SDK_OUTCOME_H

#include <semaphore.h>

#include "sdk/src/inflight.h"
#include "sdk/src/queue.h"

struct outcome {
    struct queue_entry entry;
    muon_queue *queue; /* counted; NULL: a call is blocked in outcome_wait */
    muon_item item;    /* to be filled before outcome_deliver */
    struct inflight *inflight;
    size_t inflight_bytes;
    sem_t delivered; /* a blocked call waits for it, and needs no lock when it wakes */
};

/* queue NULL: for a blocked call. NULL: no memory. */
struct outcome *outcome_new(muon_queue *queue, uint64_t tag, int32_t kind);

/* The place that the operation takes, given back when the item is drained or the outcome freed. */
void outcome_charge(struct outcome *outcome, struct inflight *inflight, size_t bytes);

/* The operation has failed; still to be delivered. */
void outcome_fail(struct outcome *outcome, const muon_error *error);

/* The operation is over. Under the client's lock. The outcome now belongs to the queue, or to the blocked caller. */
void outcome_deliver(struct outcome *outcome);

/* Wait, not under the client's lock, until delivered. The caller then reads item and calls outcome_free. */
void outcome_wait(struct outcome *outcome);

/* What was not taken out of item is freed, too. */
void outcome_free(struct outcome *outcome);

#endif
