/*
 * lane.c - see lane.h.
 */
#include "store/lane.h"

#include <assert.h>

#include "store/submission.h"

void chain_append(struct chain *chain, struct chain *more)
{
    if (!more->first)
        return;
    if (chain->last)
        chain->last->next = more->first;
    else
        chain->first = more->first;
    chain->last = more->last;
    chain->bytes += more->bytes;
    chain->len += more->len;
    *more = (struct chain){0};
}

struct submission *chain_shift(struct chain *chain)
{
    struct submission *first = chain->first;
    chain->first = first->next;
    if (!chain->first)
        chain->last = NULL;
    chain->bytes -= first->bytes;
    chain->len--;
    first->next = NULL;
    return first;
}

void chain_push(struct chain *chain, struct submission *submission)
{
    submission->next = NULL;
    struct chain one = {submission, submission, submission->bytes, 1};
    chain_append(chain, &one);
}

struct chain chain_of(struct submission *first)
{
    struct chain chain = {0};
    for (struct submission *next; first; first = next) {
        next = first->next;
        chain_push(&chain, first);
    }
    return chain;
}

static void ring_push(struct lane_ring *ring, struct lane *lane)
{
    lane->next = NULL;
    if (ring->last)
        ring->last->next = lane;
    else
        ring->first = lane;
    ring->last = lane;
}

static struct lane *ring_shift(struct lane_ring *ring)
{
    struct lane *lane = ring->first;
    ring->first = lane->next;
    if (!ring->first)
        ring->last = NULL;
    return lane;
}

void lane_submit(struct lane_ring *ring, struct lane *lane, struct chain *more)
{
    assert(more->first);
    ring->bytes += more->bytes;
    ring->len += more->len;
    if (!lane->waiting.first)
        ring_push(ring, lane);
    chain_append(&lane->waiting, more);
}

void lane_take(struct lane_ring *ring, struct chain *taken, size_t bytes_max, size_t turn_bytes)
{
    struct chain before = *taken;
    while (ring->first && taken->bytes < bytes_max) {
        struct lane *lane = ring_shift(ring);
        size_t turn = taken->bytes + turn_bytes;
        do
            chain_push(taken, chain_shift(&lane->waiting));
        while (lane->waiting.first && taken->bytes < turn);
        if (lane->waiting.first)
            ring_push(ring, lane);
    }
    ring->bytes -= taken->bytes - before.bytes;
    ring->len -= taken->len - before.len;
}

void lane_take_all(struct lane_ring *ring, struct chain *taken)
{
    while (ring->first)
        chain_append(taken, &ring_shift(ring)->waiting);
    ring->bytes = ring->len = 0;
}
