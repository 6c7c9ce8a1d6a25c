/*
 * ack.h - what has been acknowledged, and whether anything more may be.
 *
 * The mark is the greatest record number that was acknowledged; it is written to the store's directory (place.h), so that an opening
 * that finds less knows that something was lost, and synced once a second, so that a power cut does not take it back far. After an error of writing or syncing nothing more may be written until the log
 * has been opened anew (hazards 1, 2). Threads: any.
 */
#ifndef PHOTON_ACK_H
#define PHOTON_ACK_H

#include <pthread.h>

#include "store/place.h"

enum { ACK_WHY_BYTES = 256 };

struct ack {
    const struct place *place;
    pthread_mutex_t lock;
    uint64_t marked;
    bool mark_damaged;   /* as it was found */
    int64_t synced_ms;   /* when the mark was, by the clock that only goes forward */
    enum reason refused; /* REASON_NONE: writing is accepted */
    char why[ACK_WHY_BYTES];
};

void ack_init(struct ack *ack, const struct place *place);
void ack_fini(struct ack *ack);

/* At opening: what the directory says, if it is more. Returns the mark. tell: say so in photond's log when it is damaged. */
uint64_t ack_recall(struct ack *ack, bool tell);
/* The mark; false: the one that ack_recall found was damaged, so nothing is known of what was acknowledged before. */
bool ack_marked(struct ack *ack, uint64_t *number);
/* Everything up to this record is durable. One that is not greater changes nothing: an old record was rewritten. */
void ack_mark(struct ack *ack, uint64_t number);
/* Sync the mark, unless that was done within the last second. Blocks; for a moment at which nobody waits for an answer. */
void ack_settle(struct ack *ack);

/* Nothing more may be written. Returns the reason; *error (NULL: nobody asks) says that the outcome is unknown. */
enum reason ack_refuse(struct ack *ack, enum reason reason, const char *why, struct error *error);
void ack_accept(struct ack *ack);
/* REASON_NONE, or why not. error->maybe_applied is false: nothing was tried. */
enum reason ack_check(struct ack *ack, struct error *error);

#endif
