/*
 * older.c - see older.h.
 *
 * What is stored after the reading has begun may be seen by it or not: whoever stores it knows it. The log is read in pieces, because
 * no iterator lives across a wait: whoever opens the log anew waits for it.
 */
#include "store/older.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/bloom.h"
#include "store/keys.h"
#include "store/thread.h"

enum { PIECE = 4096, RETRY_S = 1 };

enum progress { MORE, LATER, DONE, NEVER };

struct older {
    struct log *log;
    struct bloom *filter; /* the reader's, until whole */
    struct key at;        /* where to read on */
    atomic_bool whole;

    pthread_mutex_t lock; /* of stop */
    pthread_cond_t stopping;
    bool stop, threaded;
    pthread_t thread;
};

/* ---- reading ---- */

/* Of the key that the iterator stands on. */
static enum progress take(struct older *o, struct log_iter *iter)
{
    static const uint8_t behind_uuid7 = KEY_ID_UUID;
    struct span key = log_iter_key(iter);
    if (key.data[0] > KEY_ID_UUID)
        return DONE;
    if (key.data[0] == KEY_ID_UUID7) {
        log_iter_seek(iter, (struct span){&behind_uuid7, 1});
        return MORE;
    }
    if (!bloom_put(o->filter, key_hash(key)))
        return NEVER;
    log_iter_next(iter);
    return MORE;
}

static bool stand(struct older *o, struct span key)
{
    if (key.len > sizeof o->at.data)
        return false;
    memcpy(o->at.data, key.data, key.len);
    o->at.len = key.len;
    return true;
}

static enum progress take_piece(struct older *o, struct log_iter *iter)
{
    struct error error;
    enum progress progress = MORE;
    log_iter_seek(iter, key_span(&o->at));
    bool there = log_iter_valid(iter);
    for (int n = 0; n < PIECE && progress == MORE && there; n++) {
        progress = take(o, iter);
        there = log_iter_valid(iter);
    }
    enum reason fault = log_iter_fault(iter, &error);
    if (fault)
        return fault == REASON_CORRUPT ? NEVER : LATER;
    if (!there)
        return DONE;
    return progress == MORE && !stand(o, log_iter_key(iter)) ? NEVER : progress;
}

static enum progress read_piece(struct older *o)
{
    struct log_iter *iter = log_iter_open(o->log, LOG_SCAN);
    if (!iter)
        return LATER;
    enum progress progress = take_piece(o, iter);
    log_iter_close(iter);
    if (progress == DONE)
        atomic_store_explicit(&o->whole, true, memory_order_release);
    return progress;
}

/* ---- the thread ---- */

/* Pause, if something is wrong now; whether to go on. */
static bool older_goes_on(struct older *o, bool pause)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    pthread_mutex_lock(&o->lock);
    while (pause && !o->stop)
        pause = pthread_cond_clockwait(&o->stopping, &o->lock, CLOCK_MONOTONIC, &until) == 0;
    bool goes_on = !o->stop;
    pthread_mutex_unlock(&o->lock);
    return goes_on;
}

static void *older_thread(void *arg)
{
    struct older *o = arg;
    enum progress progress = MORE;
    while ((progress == MORE || progress == LATER) && older_goes_on(o, progress == LATER))
        progress = read_piece(o);
    return NULL;
}

/* ---- life ---- */

struct older *older_new(struct log *log, size_t max)
{
    struct older *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->log = log;
    o->at = (struct key){.data = {KEY_ID_TEXT}, .len = 1};
    o->filter = bloom_new(max);
    if (!o->filter) {
        free(o);
        return NULL;
    }
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->stopping, NULL);
    enum progress progress = read_piece(o);
    if (progress == MORE || progress == LATER)
        o->threaded = thread_start(&o->thread, older_thread, o);
    return o;
}

void older_free(struct older *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_signal(&o->stopping);
    pthread_mutex_unlock(&o->lock);
    if (o->threaded)
        pthread_join(o->thread, NULL);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->stopping);
    bloom_free(o->filter);
    free(o);
}

bool older_perhaps(const struct older *o, uint64_t hash)
{
    return !atomic_load_explicit(&o->whole, memory_order_acquire) || bloom_perhaps(o->filter, hash);
}
