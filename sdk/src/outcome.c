/*
 * outcome.c - one end for asynchronous and blocking operations, so that both take the same way until here.
 */
#include "sdk/src/outcome.h"

#include <stdlib.h>

#include "sdk/src/item.h"
#include "sdk/src/status.h"

static struct outcome *of_entry(struct queue_entry *entry)
{
    return (struct outcome *)entry; /* its first member */
}

static bool take(struct queue_entry *entry, muon_item *item)
{
    struct outcome *outcome = of_entry(entry);
    *item = outcome->item;
    outcome->item.object = NULL;
    outcome->item.error = NULL;
    outcome_free(outcome);
    return true;
}

static void drop(struct queue_entry *entry)
{
    outcome_free(of_entry(entry));
}

struct outcome *outcome_new(muon_queue *queue, uint64_t tag, int32_t kind)
{
    struct outcome *outcome = calloc(1, sizeof *outcome);
    if (!outcome)
        return NULL;
    outcome->entry.take = take;
    outcome->entry.drop = drop;
    outcome->queue = queue ? queue_ref(queue) : NULL;
    outcome->item.tag = tag;
    outcome->item.kind = kind;
    sem_init(&outcome->delivered, 0, 0);
    return outcome;
}

void outcome_charge(struct outcome *outcome, struct inflight *inflight, size_t bytes)
{
    outcome->inflight = inflight;
    outcome->inflight_bytes = bytes;
}

void outcome_fail(struct outcome *outcome, const muon_error *error)
{
    muon_error told = *error;
    if (told.code == MUON_ECANCELLED &&
        !outcome->queue) { /* a blocked call: nothing but close does that */
        uint32_t flags = told.flags;
        status_fail(&told, MUON_ECLOSED, "the client was closed before there was an answer");
        told.flags |= flags;
    }
    outcome->item.error = item_error(&told);
    outcome->item.status = told.code;
}

void outcome_deliver(struct outcome *outcome)
{
    if (!outcome->queue)
        sem_post(&outcome->delivered);
    else if (!queue_push(outcome->queue, &outcome->entry, NULL))
        outcome_free(outcome);
}

void outcome_wait(struct outcome *outcome)
{
    while (sem_wait(&outcome->delivered) != 0)
        ; /* a signal was handled: EINTR */
}

void outcome_free(struct outcome *outcome)
{
    if (!outcome)
        return;
    if (outcome->inflight)
        inflight_leave(outcome->inflight, outcome->inflight_bytes);
    muon_item_clear(&outcome->item);
    sem_destroy(&outcome->delivered);
    queue_unref(outcome->queue);
    free(outcome);
}
