/*
 * feed.c - see feed.h.
 *
 * Everything that happens sets a flag under the feed's lock and then asks one question: is there anything to do? If so, the job is
 * queued, unless it is already; so it is in the queue or running at most once, and it alone makes messages and ends the call.
 * Ending is its last act: from then on gone may free the feed at any moment.
 */
#include "store/feed.h"

#include <assert.h>
#include <stdlib.h>

#include "store/logline.h"

enum { STUCK_MS = 1000 };

static bool may_make_ahead(const struct feed *feed)
{
    return feed->maker->take_back && !feed->stuck && !feed->enough &&
           atomic_load(feed->ahead_left) >= FEED_AHEAD_BYTES;
}

static bool is_over(const struct feed *feed)
{
    return feed->ended || feed->stop;
}

/* Has the job anything to do? */
static bool runnable(const struct feed *feed)
{
    if (is_over(feed))
        return !feed->sending && !feed->finished;
    return !feed->idle && (!feed->sending || may_make_ahead(feed));
}

/* Give back the lock, and queue the job if there is something to do: whoever runs it finds the lock free. Nothing ends the feed
 * before its job has run. */
static void unlock(struct feed *feed)
{
    bool submit = !feed->scheduled && runnable(feed);
    feed->scheduled |= submit;
    pthread_mutex_unlock(&feed->lock);
    if (submit)
        readers_submit(feed->readers, &feed->job);
}

/* ---- sending ---- */

static void count(struct feed *feed, const struct parts *message)
{
    if (feed->delivered)
        measures_delivered(feed->delivered, message->events, message->bytes);
}

/* Under the lock. The handlers of the call run later, never within serve_send. */
static void send(struct feed *feed, struct parts *message)
{
    feed->sending = true;
    feed->sending_bytes = message->bytes;
    feed->sent_ms = cq_mono_ms();
    count(feed, message);
    serve_send(feed->call, message->part, message->len, false);
    parts_clear(message);
}

/* ---- what is ready ---- */

/* The message is the ring's. It keeps of what was reserved as much as it needs. */
static void push(struct feed *feed, struct parts *message, size_t *reserved)
{
    assert(feed->ready_len < FEED_READY_MAX);
    struct feed_ready *last = &feed->ready[(feed->ready_first + feed->ready_len) % FEED_READY_MAX];
    last->message = *message;
    last->reserved = message->bytes < *reserved ? message->bytes : *reserved;
    *reserved -= last->reserved;
    *message = (struct parts){0};
    feed->ready_len++;
    feed->enough = feed->ready_len == FEED_READY_MAX;
}

static struct parts pop(struct feed *feed)
{
    struct feed_ready *first = &feed->ready[feed->ready_first];
    struct parts message = first->message;
    if (first->reserved)
        atomic_fetch_add(feed->ahead_left, first->reserved);
    *first = (struct feed_ready){0};
    feed->ready_first = (feed->ready_first + 1) % FEED_READY_MAX;
    feed->ready_len--;
    return message;
}

static void drop_ready(struct feed *feed)
{
    while (feed->ready_len > 0) {
        struct parts message = pop(feed);
        parts_clear(&message);
    }
}

static size_t ready_bytes(const struct feed *feed)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < feed->ready_len; i++)
        bytes += feed->ready[(feed->ready_first + i) % FEED_READY_MAX].message.bytes;
    return bytes;
}

void feed_sent(struct serve_call *call, bool ok)
{
    struct feed *feed = serve_call_get(call);
    pthread_mutex_lock(&feed->lock);
    feed->sending = feed->stuck = false;
    if (!ok && !feed->stop)
        feed->stop = REASON_CALLER_GONE;
    bool with_end = feed->ended && !feed->failed; /* the last one goes with it */
    if (feed->ready_len > with_end && !feed->stop) {
        struct parts message = pop(feed);
        send(feed, &message);
    }
    if (feed->ready_len <= FEED_READY_LOW)
        feed->enough = false;
    unlock(feed);
}

/* ---- the job ---- */

/* Set aside the room for a message that is made ahead. */
static bool reserve(struct feed *feed)
{
    size_t left = atomic_load(feed->ahead_left);
    while (left >= FEED_AHEAD_BYTES)
        if (atomic_compare_exchange_weak(feed->ahead_left, &left, left - FEED_AHEAD_BYTES))
            return true;
    return false;
}

static void keep_error(struct feed *feed, const struct error *error)
{
    if (error->reason == REASON_CORRUPT)
        logline_with(LOGLINE_ERROR, "a reader has met damaged data",
                     logline_text("error", error->message));
    feed->failed = malloc(sizeof *feed->failed);
    if (feed->failed)
        *feed->failed = *error;
    else
        feed->stop = error->reason;
}

/* Under the lock, which is given back meanwhile. */
static void make(struct feed *feed)
{
    struct parts message = {0};
    struct error error;
    unsigned ahead = feed->sending + feed->ready_len;
    size_t reserved = ahead ? FEED_AHEAD_BYTES : 0;
    if (ahead && !reserve(feed))
        return;
    feed->woken = false;
    feed->making = true;
    pthread_mutex_unlock(&feed->lock);
    enum feed_result result = feed->maker->make(feed, ahead, &message, &error);
    pthread_mutex_lock(&feed->lock);
    feed->making = false;
    feed->idle = result == FEED_IDLE && !feed->woken;
    feed->ended = result == FEED_LAST || result == FEED_FAILED;
    if (result == FEED_FAILED)
        keep_error(feed, &error);
    if (message.bytes == 0)
        feed->enough = feed->ready_len > 0; /* there is nothing more for now */
    else if (feed->sending || feed->ended)
        push(feed, &message, &reserved);
    else if (!feed->stop)
        send(feed, &message);
    parts_clear(&message);
    if (reserved)
        atomic_fetch_add(feed->ahead_left, reserved);
}

/* Give up the lock for good. The last message and the end leave together: a client that reads little waits for one wake-up less. */
static void finish(struct feed *feed)
{
    struct error error;
    struct parts last = {0};
    bool ok = !feed->stop && !feed->failed;
    if (feed->failed)
        error = *feed->failed;
    else if (feed->stop == REASON_SHUTTING_DOWN)
        error_set(&error, feed->stop, "the server is going down: connect again and go on");
    else if (feed->stop == REASON_CALLER_GONE)
        error_set(&error, feed->stop, "the call was given up");
    else if (feed->stop)
        error_set(&error, feed->stop, "the call has failed, and there is no memory to say more");
    feed->finished = true;
    if (ok && feed->ready_len > 0)
        last = pop(feed);
    drop_ready(feed);
    pthread_mutex_unlock(&feed->lock);
    feed->maker->end(feed);
    if (last.bytes) {
        count(feed, &last);
        serve_send_last(feed->call, last.part, last.len);
    } else {
        serve_finish(feed->call, ok ? NULL : &error);
    }
    parts_clear(&last);
}

static void run(struct readers_job *job)
{
    struct feed *feed = (struct feed *)((char *)job - offsetof(struct feed, job));
    pthread_mutex_lock(&feed->lock);
    if (!is_over(feed) && runnable(feed))
        make(feed);
    if (is_over(feed) && runnable(feed)) {
        finish(feed);
        return;
    }
    feed->scheduled = false;
    unlock(feed);
}

/* ---- from outside ---- */

void feed_init(struct feed *feed)
{
    pthread_mutex_init(&feed->lock, NULL);
    feed->job.run = run;
    feed->sent_ms = cq_mono_ms();
    serve_call_set(feed->call, feed);
}

void feed_start(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    unlock(feed);
}

void feed_wake(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->woken = true;
    feed->idle = false;
    unlock(feed);
}

void feed_stop(struct feed *feed, enum reason reason)
{
    pthread_mutex_lock(&feed->lock);
    if (!feed->stop)
        feed->stop = reason;
    unlock(feed);
}

bool feed_look(struct feed *feed, int64_t now_ms, int64_t quiet_ms, enum feed_state *state)
{
    pthread_mutex_lock(&feed->lock);
    int64_t quiet = now_ms - feed->sent_ms;
    if (feed->sending && feed->ready_len > 0 && !feed->making && quiet >= STUCK_MS) {
        unsigned messages = feed->ready_len;
        drop_ready(feed);
        feed->stuck = true;
        feed->maker->take_back(feed, messages);
        feed->ended = false; /* one may have been the last */
        free(feed->failed);
        feed->failed = NULL;
    }
    bool is_quiet = !feed->sending && quiet >= quiet_ms;
    *state = feed->sending && quiet >= STUCK_MS ? FEED_STALLED
             : feed->idle                       ? FEED_WAITING
                                                : FEED_BUSY;
    pthread_mutex_unlock(&feed->lock);
    return is_quiet;
}

enum feed_state feed_see(struct feed *feed, int64_t now_ms, size_t *waiting_bytes)
{
    pthread_mutex_lock(&feed->lock);
    bool stalled = feed->stuck || (feed->sending && now_ms - feed->sent_ms >= STUCK_MS);
    bool waiting = feed->idle && !feed->sending;
    *waiting_bytes = ready_bytes(feed) + (feed->sending ? feed->sending_bytes : 0);
    pthread_mutex_unlock(&feed->lock);
    return stalled ? FEED_STALLED : waiting ? FEED_WAITING : FEED_BUSY;
}

int64_t feed_quiet_ms(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    int64_t quiet = cq_mono_ms() - feed->sent_ms;
    pthread_mutex_unlock(&feed->lock);
    return quiet;
}

void feed_lost(struct serve_call *call)
{
    feed_stop(serve_call_get(call), REASON_CALLER_GONE);
}

void feed_gone(struct serve_call *call)
{
    struct feed *feed = serve_call_get(call);
    if (!feed)
        return;
    pthread_mutex_destroy(&feed->lock);
    free(feed->failed);
    drop_ready(feed);
    feed->maker->free(feed);
}
