/*
 * answers.h - outcomes that are certain, on their way to those who wait for them.
 *
 * Answering means writing to sockets, so it is done by a poller; one at a time, so that answers keep the order of commits.
 */
#ifndef PHOTON_ANSWERS_H
#define PHOTON_ANSWERS_H

#include <pthread.h>

#include "store/lane.h"
#include "store/measures.h"
#include "wire/cq.h"

struct answers {
    struct cq *cq;
    struct measures *measures;
    pthread_mutex_t lock;
    pthread_cond_t empty;
    struct chain done;
    bool posted;
    struct cq_op op;
};

void answers_init(struct answers *answers, struct cq *cq, struct measures *measures);
void answers_fini(struct answers *answers); /* after answers_wait */

/* Have each submission's done called, in this order, after those that were put before. Any thread. */
void answers_put(struct answers *answers, struct chain *done);

/* Wait until all are. Not on a poller. */
void answers_wait(struct answers *answers);

#endif
