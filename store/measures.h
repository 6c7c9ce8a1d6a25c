/*
 * measures.h - what the parts of a store count while they work: metrics.h has what becomes of it.
 *
 * A part of struct store, all-zero at first; whoever does something adds to it, without a lock. What stands together is added to by the same
 * threads; what others add to begins in another cache line.
 */
#ifndef PHOTON_MEASURES_H
#define PHOTON_MEASURES_H

#include "wire/error.h"
#include "wire/tally.h"

enum { MEASURES_LINE_BYTES = 64 };

/* Who reads events. */
enum measures_reader { MEASURES_SUBSCRIBE, MEASURES_READ, MEASURES_READERS };

/* How a subscription stands. */
enum measures_subscription {
    MEASURES_READING,   /* it is behind, and being read for */
    MEASURES_CAUGHT_UP, /* it waits for the next commit */
    MEASURES_STALLED,   /* its client has not taken a message for a second */
    MEASURES_SUBSCRIPTIONS
};

struct measures_delivered {
    _Atomic uint64_t messages, events, bytes;
};

struct measures {
    /* Whoever makes commits durable: the committer or the syncing thread, one at a time. */
    _Atomic uint64_t commits;
    struct histogram commit_events, commit_bytes;
    struct histogram commit_us; /* from being taken to being durable */
    struct histogram sync_us;
    char line1[MEASURES_LINE_BYTES];

    /* Whoever answers: a poller, one at a time. */
    _Atomic uint64_t emits, emitted_events,
        emitted_bytes;           /* batches that were stored, and what was in them */
    _Atomic uint64_t duplicates; /* batches that were known already */
    _Atomic uint64_t deletions;
    struct histogram emit_us; /* from the message's arrival to its answer, stored or not */
    char line2[MEASURES_LINE_BYTES];

    /* Any thread; seldom. */
    _Atomic uint64_t refused[REASON_COUNT]; /* batches and deletions */
    _Atomic uint64_t write_failures;        /* how often writing became impossible */
    char line3[MEASURES_LINE_BYTES];

    /* Readers and pollers. */
    struct measures_delivered delivered[MEASURES_READERS];
    char line4[MEASURES_LINE_BYTES];

    /* The timer that looks at each subscription every second. */
    _Atomic uint64_t subscriptions[MEASURES_SUBSCRIPTIONS]; /* as many as stood so */
    _Atomic uint64_t lag_max_us;
    struct histogram lag_us; /* of each, each time */
};

struct written; /* durable.h */
struct chain;   /* lane.h */

/* A commit is durable, or holds nothing but what was durable before. */
void measures_commit(struct measures *measures, const struct written *written, uint64_t now_us);

/* Submissions that are about to be answered. */
void measures_answers(struct measures *measures, const struct chain *done);

/* len batches or deletions were refused before they were submitted. */
static inline void measures_refused(struct measures *measures, enum reason reason, uint64_t len)
{
    tally_add(&measures->refused[reason], len);
}

static inline void measures_delivered(struct measures_delivered *to, uint64_t events,
                                      uint64_t bytes)
{
    tally_add(&to->messages, 1);
    tally_add(&to->events, events);
    tally_add(&to->bytes, bytes);
}

#endif
