/*
 * ack.c - see ack.h. Two threads meet here: the committer, which appends, and the one that syncs what was appended.
 */
#include "store/ack.h"

#include <stdio.h>

void ack_init(struct ack *ack, const struct place *place)
{
    *ack = (struct ack){.place = place};
    pthread_mutex_init(&ack->lock, NULL);
}

void ack_fini(struct ack *ack)
{
    pthread_mutex_destroy(&ack->lock);
}

uint64_t ack_recall(struct ack *ack)
{
    uint64_t marked = place_marked(ack->place);
    pthread_mutex_lock(&ack->lock);
    if (marked > ack->marked)
        ack->marked = marked;
    marked = ack->marked;
    pthread_mutex_unlock(&ack->lock);
    return marked;
}

uint64_t ack_marked(struct ack *ack)
{
    pthread_mutex_lock(&ack->lock);
    uint64_t marked = ack->marked;
    pthread_mutex_unlock(&ack->lock);
    return marked;
}

void ack_mark(struct ack *ack, uint64_t number)
{
    pthread_mutex_lock(&ack->lock);
    if (number > ack->marked) {
        ack->marked = number;
        place_mark(ack->place, number);
    }
    pthread_mutex_unlock(&ack->lock);
}

enum reason ack_refuse(struct ack *ack, enum reason reason, const char *why, struct error *error)
{
    pthread_mutex_lock(&ack->lock);
    ack->refused = reason;
    snprintf(ack->why, sizeof ack->why, "%s", why);
    pthread_mutex_unlock(&ack->lock);
    error_set(error, reason, "the store in %s cannot write: %s", ack->place->dir, why);
    if (error)
        error->maybe_applied = true;
    return reason;
}

void ack_accept(struct ack *ack)
{
    pthread_mutex_lock(&ack->lock);
    ack->refused = REASON_NONE;
    pthread_mutex_unlock(&ack->lock);
}

enum reason ack_check(struct ack *ack, struct error *error)
{
    pthread_mutex_lock(&ack->lock);
    enum reason reason = ack->refused;
    if (reason != REASON_NONE)
        error_set(error, reason, "the store in %s cannot write: %s", ack->place->dir, ack->why);
    pthread_mutex_unlock(&ack->lock);
    if (reason != REASON_NONE && error)
        error->maybe_applied = false;
    return reason;
}
