/*
 * ack.c - see ack.h. Two threads meet here: the committer, which appends, and the one that syncs what was appended.
 */
#include "store/ack.h"

#include <stdio.h>
#include <time.h>

#include "store/logline.h"

enum { SETTLE_MS = 1000 };

void ack_init(struct ack *ack, const struct place *place)
{
    *ack = (struct ack){.place = place};
    pthread_mutex_init(&ack->lock, NULL);
}

void ack_fini(struct ack *ack)
{
    pthread_mutex_destroy(&ack->lock);
}

uint64_t ack_recall(struct ack *ack, bool tell)
{
    uint64_t marked;
    bool sound = place_marked(ack->place, &marked);
    pthread_mutex_lock(&ack->lock);
    ack->mark_damaged = !sound;
    if (marked > ack->marked)
        ack->marked = marked;
    marked = ack->marked;
    pthread_mutex_unlock(&ack->lock);
    if (!sound && tell)
        logline_with(LOGLINE_WARNING,
                     "the mark of the newest acknowledged record is damaged: whether records are "
                     "missing at the end cannot be told",
                     logline_text("data_dir", ack->place->dir));
    return marked;
}

bool ack_marked(struct ack *ack, uint64_t *number)
{
    pthread_mutex_lock(&ack->lock);
    *number = ack->marked;
    bool sound = !ack->mark_damaged;
    pthread_mutex_unlock(&ack->lock);
    return sound;
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

void ack_settle(struct ack *ack)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    pthread_mutex_lock(&ack->lock);
    bool due = now_ms - ack->synced_ms >= SETTLE_MS;
    if (due)
        ack->synced_ms = now_ms;
    pthread_mutex_unlock(&ack->lock);
    if (due)
        place_mark_sync(ack->place); /* failed: what an older mark guards is guarded */
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
