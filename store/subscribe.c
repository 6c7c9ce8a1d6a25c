/*
 * subscribe.c - see subscribe.h.
 *
 * What can go wrong, and what is done about it: the client does not read (feed.c: nothing more is made for it), it goes away (lost),
 * a record is damaged (CORRUPT, to the readers that need it), the server goes down (SHUTTING_DOWN). Nothing is ever skipped: a
 * waiter is told where the commit that wakes it begins, and what came before does not concern it.
 *
 * Time: one timer for all looks at each subscription every second, as long as there is one.
 */
#include "store/subscribe.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "store/cursor.h"
#include "store/fanout.h"
#include "store/feed.h"
#include "wire/codec-subscribe.h"
#include "wire/text.h"

enum { MESSAGE_BYTES = 128 * 1024, LOOK_MS = 1000, CHECKPOINT_MS = 4000, MARKER_BYTES_MAX = 32 };
enum { DEFAULT_MAX = 10000, AHEAD_BYTES = 16 * 1024 * 1024, BUSY_MS = 1000 };

struct subscriptions {
    struct store *store;
    size_t max;
    int64_t look_ms, checkpoint_ms;
    _Atomic size_t ahead_left;

    pthread_mutex_t lock;
    pthread_cond_t timer_ended;
    struct subscription *first;
    size_t count;
    uint64_t begun;
    bool stopping, ticking;
    struct cq_timer timer;
};

/* What take_back puts back. */
struct progress {
    struct cursor_at at;
    bool caught_up;
    uint64_t untold; /* events passed over since the client was told where we are */
    uint64_t events; /* given so far */
};

struct subscription {
    struct feed feed; /* first */
    struct subscriptions *all;
    struct subscription *next, **back; /* under all->lock */
    uint64_t number;                   /* in the order in which they came */
    int64_t since_ms;                  /* since 1970 */

    struct subscribe_request request; /* views of message, until the cursor is open */
    struct bytes *message;
    bool opened;
    uint64_t last; /* cold: the head when it began */
    struct cursor cursor;
    struct progress progress, before[FEED_READY_MAX]; /* each of the last messages: a ring */
    unsigned made;                                    /* messages; the next is at its end */
    struct fanout_waiter waiter;
    bool waiting;              /* or has been woken since */
    _Atomic uint64_t woken_at; /* where the commit that woke us begins; 0: none did */
    _Atomic uint64_t place;    /* the cursor's, for whoever asks how far behind it is */
    _Atomic uint64_t events;   /* the progress's, likewise */
    _Atomic bool beat;         /* it has been quiet for long */
};

/* ---- markers ---- */

static bool tell_truncated(struct subscription *sub, struct parts *message)
{
    uint8_t marker[MARKER_BYTES_MAX];
    size_t len = marker_truncated(marker, sub->cursor.at.truncated);
    sub->cursor.at.truncated = 0;
    return parts_copy(message, (struct span){marker, len});
}

static bool tell_caught_up(struct subscription *sub, uint64_t head, struct parts *message)
{
    uint8_t marker[MARKER_BYTES_MAX];
    sub->progress.caught_up = true;
    sub->progress.untold = 0;
    return parts_copy(message, (struct span){marker, marker_caught_up(marker, head)});
}

static bool tell_checkpoint(struct subscription *sub, uint64_t head, struct parts *message)
{
    uint8_t marker[MARKER_BYTES_MAX];
    uint64_t here = sub->cursor.at.next ? sub->cursor.at.next - 1 : 0;
    sub->progress.untold = 0;
    return parts_copy(message, (struct span){marker, marker_checkpoint(marker, here, head)});
}

/* At most one marker a message, after its events. */
static bool tell(struct subscription *sub, uint64_t head, bool at_head, struct parts *message)
{
    bool live = sub->request.type != STREAM_COLD;
    bool beat = atomic_exchange(&sub->beat, false);
    if (sub->cursor.at.truncated)
        return tell_truncated(sub, message);
    if (live && at_head && !sub->progress.caught_up)
        return tell_caught_up(sub, head, message);
    if (sub->progress.untold >= CURSOR_PASSED_MAX || (beat && message->bytes == 0))
        return tell_checkpoint(sub, head, message);
    return true;
}

/* ---- making messages: on a reader thread ---- */

static enum feed_result no_memory(struct parts *message, struct error *error)
{
    parts_clear(message);
    error_set(error, REASON_BUSY, "no memory for what is read: try again later");
    return FEED_FAILED;
}

static bool open_cursor(struct subscription *sub, struct error *error)
{
    struct store *store = sub->all->store;
    sub->last = sub->request.type == STREAM_COLD ? atomic_load(&store->head) : UINT64_MAX;
    if (cursor_open(&sub->cursor, store, sub->message, &sub->request, error))
        return false;
    sub->opened = true;
    sub->progress.at = sub->cursor.at;
    return true;
}

/* Leave the fan-out. If nobody woke us, nothing of interest has come up to the head read before. */
static uint64_t leave_waiting(struct subscription *sub)
{
    struct store *store = sub->all->store;
    uint64_t head = atomic_load(&store->head);
    if (sub->waiting && fanout_cancel(store->fanout, &sub->waiter))
        cursor_skip(&sub->cursor, head + 1);
    sub->waiting = false;
    cursor_skip(&sub->cursor, atomic_load(&sub->woken_at));
    atomic_store(&sub->place, sub->cursor.at.next);
    atomic_store(&sub->woken_at, 0); /* nobody wakes it any more */
    head = atomic_load(&store->head);
    return head < sub->last ? head : sub->last;
}

static enum feed_result wait(struct subscription *sub)
{
    struct store *store = sub->all->store;
    uint64_t seen = sub->cursor.at.next - 1;
    sub->waiting = fanout_wait(store->fanout, &sub->waiter, &store->head, seen);
    return sub->waiting ? FEED_IDLE : FEED_MORE;
}

static enum feed_result step(struct subscription *sub, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct cursor_batch batch;
    uint64_t head = leave_waiting(sub);
    enum reason reason = cursor_read(&sub->cursor, head, MESSAGE_BYTES, &batch, error);
    if (reason)
        return FEED_FAILED;
    atomic_store(&sub->place, sub->cursor.at.next);
    *message = batch.parts;
    message->events = batch.events;
    sub->progress.events += batch.events;
    atomic_store(&sub->events, sub->progress.events);
    sub->progress.untold = batch.events && !batch.passed ? 0 : sub->progress.untold + batch.passed;
    bool truncated = sub->cursor.at.truncated > 0;
    if (!tell(sub, head, batch.at_head, message) || !parts_close(message))
        return no_memory(message, error);
    if (batch.done || (sub->request.type == STREAM_COLD && batch.at_head))
        return FEED_LAST;
    if (!batch.at_head || truncated || ahead > 1 || (ahead && message->bytes))
        return FEED_MORE;
    return wait(sub);
}

static enum feed_result make_one(struct subscription *sub, unsigned ahead, struct parts *message,
                                 struct error *error)
{
    bool truncated = sub->cursor.at.truncated > 0;
    if (!truncated && (sub->request.type != STREAM_HOT || sub->progress.caught_up))
        return step(sub, ahead, message, error);
    bool told = truncated ? tell_truncated(sub, message)
                          : tell_caught_up(sub, sub->cursor.at.next - 1, message);
    return told && parts_close(message) ? FEED_MORE : no_memory(message, error);
}

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct subscription *sub = (struct subscription *)feed;
    if (!sub->opened && !open_cursor(sub, error))
        return FEED_FAILED;
    sub->progress.at = sub->cursor.at;
    sub->before[sub->made % FEED_READY_MAX] = sub->progress;
    enum feed_result result = make_one(sub, ahead, message, error);
    sub->made += message->bytes > 0;
    return result;
}

static void take_back(struct feed *feed, unsigned messages)
{
    struct subscription *sub = (struct subscription *)feed;
    sub->made -= messages;
    sub->progress = sub->before[sub->made % FEED_READY_MAX];
    sub->cursor.at = sub->progress.at;
    atomic_store(&sub->place, sub->cursor.at.next);
    atomic_store(&sub->events, sub->progress.events);
}

/* On the committer's thread. */
static void woken(struct fanout_waiter *waiter, uint64_t first)
{
    struct subscription *sub =
        (struct subscription *)((char *)waiter - offsetof(struct subscription, waiter));
    atomic_store(&sub->woken_at, first);
    feed_wake(&sub->feed);
}

/* ---- the list of all, and time ---- */

/* What is seen of all of them at a time. */
struct looked {
    uint64_t by_state[MEASURES_SUBSCRIPTIONS], lag_max_us;
    struct histogram_values lag_us;
};

/* Order ids are times: the first event that was not looked at cannot be older than its place. */
static uint64_t lag_us(const struct subscription *sub, uint64_t now_us)
{
    uint64_t place = atomic_load(&sub->place), woken = atomic_load(&sub->woken_at);
    uint64_t from = place > woken ? place : woken;
    return from > 0 && from < now_us ? now_us - from : 0;
}

static void look_at(const struct subscription *sub, enum feed_state state, uint64_t now_us,
                    struct looked *looked)
{
    static const enum measures_subscription COUNTED[] = {[FEED_BUSY] = MEASURES_READING,
                                                         [FEED_WAITING] = MEASURES_CAUGHT_UP,
                                                         [FEED_STALLED] = MEASURES_STALLED};
    uint64_t lag = state == FEED_WAITING ? 0 : lag_us(sub, now_us);
    looked->by_state[COUNTED[state]]++;
    histogram_values_add(&looked->lag_us, lag);
    if (lag > looked->lag_max_us)
        looked->lag_max_us = lag;
}

static void tell_measures(struct measures *measures, const struct looked *looked)
{
    for (int i = 0; i < MEASURES_SUBSCRIPTIONS; i++)
        atomic_store(&measures->subscriptions[i], looked->by_state[i]);
    atomic_store(&measures->lag_max_us, looked->lag_max_us);
    histogram_add_all(&measures->lag_us, &looked->lag_us);
}

static void look(struct cq_op *op, bool ok)
{
    struct subscriptions *all =
        (struct subscriptions *)((char *)op - offsetof(struct subscriptions, timer.op));
    int64_t now = cq_mono_ms();
    uint64_t now_us = (uint64_t)cq_now_ms() * 1000;
    struct looked looked = {0};
    enum feed_state state;
    pthread_mutex_lock(&all->lock);
    for (struct subscription *sub = all->first; sub && ok; sub = sub->next) {
        if (feed_look(&sub->feed, now, all->checkpoint_ms, &state)) {
            atomic_store(&sub->beat, true);
            feed_wake(&sub->feed);
        }
        look_at(sub, state, now_us, &looked);
    }
    tell_measures(&all->store->measures, &looked);
    all->ticking = all->first && !all->stopping;
    if (all->ticking)
        cq_timer_set(all->store->cq, &all->timer, all->look_ms);
    else
        pthread_cond_broadcast(&all->timer_ended);
    pthread_mutex_unlock(&all->lock);
}

static enum reason enlist(struct subscription *sub, struct error *error)
{
    struct subscriptions *all = sub->all;
    enum reason reason = REASON_NONE;
    pthread_mutex_lock(&all->lock);
    if (all->stopping) {
        reason = error_set(error, REASON_SHUTTING_DOWN,
                           "the server is going down: connect again and go on");
    } else if (all->count == all->max) {
        reason = error_set(error, REASON_BUSY,
                           "there are %zu subscriptions, as many as this server allows: end some, "
                           "or raise its limit",
                           all->count);
        error->limit = all->max;
        error->retry_after_ms = BUSY_MS;
    } else {
        all->count++;
        sub->number = ++all->begun;
        sub->since_ms = cq_now_ms();
        sub->next = all->first;
        sub->back = &all->first;
        if (sub->next)
            sub->next->back = &sub->next;
        all->first = sub;
        feed_init(&sub->feed);
        if (!all->ticking)
            cq_timer_set(all->store->cq, &all->timer, all->look_ms);
        all->ticking = true;
    }
    pthread_mutex_unlock(&all->lock);
    if (!reason)
        feed_start(&sub->feed);
    return reason;
}

/* Afterwards nobody knows the subscription but its call. */
static void end(struct feed *feed)
{
    struct subscription *sub = (struct subscription *)feed;
    struct subscriptions *all = sub->all;
    fanout_cancel(all->store->fanout, &sub->waiter);
    pthread_mutex_lock(&all->lock);
    *sub->back = sub->next;
    if (sub->next)
        sub->next->back = sub->back;
    all->count--;
    pthread_mutex_unlock(&all->lock);
}

static void free_subscription(struct feed *feed)
{
    struct subscription *sub = (struct subscription *)feed;
    if (sub->opened)
        cursor_close(&sub->cursor);
    bytes_unref(sub->message);
    free(sub);
}

/* ---- the call ---- */

static const struct feed_maker maker = {make, take_back, end, free_subscription};

static enum reason check_store(const struct store *store, const struct subscribe_request *request,
                               struct error *error)
{
    const char *id = log_store_id(store->log);
    if (request->store_id.len == 0 || (text_equal(request->store_id, text_span(id)) &&
                                       request->incarnation == log_incarnation(store->log)))
        return REASON_NONE;
    return error_set(error, REASON_WRONG_STORE,
                     "this is store %s, incarnation %llu, and not the one that was read before: "
                     "start over, or connect elsewhere",
                     id, (unsigned long long)log_incarnation(store->log));
}

static enum reason begin_checked(struct serve_call *call, struct store *store,
                                 struct bytes *message, struct error *error)
{
    struct subscribe_request request;
    enum reason reason = subscribe_request_decode(bytes_span(message), &request, error);
    if (!reason)
        reason = check_store(store, &request, error);
    if (reason)
        return reason;
    struct subscription *sub = calloc(1, sizeof *sub);
    if (!sub)
        return error_set(error, REASON_BUSY, "no memory for another subscription: try again later");
    sub->feed = (struct feed){.call = call,
                              .readers = store->readers,
                              .maker = &maker,
                              .ahead_left = &store->subscriptions->ahead_left,
                              .delivered = &store->measures.delivered[MEASURES_SUBSCRIBE]};
    sub->all = store->subscriptions;
    sub->request = request;
    sub->message = bytes_ref(message);
    sub->waiter = (struct fanout_waiter){.woken = woken, .name = request.stream_name};
    reason = enlist(sub, error);
    if (reason)
        free_subscription(&sub->feed);
    return reason;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    if (begin_checked(call, service, message, &error))
        serve_finish(call, &error);
}

const struct serve_method subscribe_method = {.path = "/muon.v1.PhotonService/Subscribe",
                                              .gives_stream = true,
                                              .begin = begin,
                                              .sent = feed_sent,
                                              .lost = feed_lost,
                                              .gone = feed_gone};

/* ---- all of them ---- */

struct subscriptions *subscriptions_open(struct store *store, size_t max)
{
    struct subscriptions *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    all->store = store;
    all->max = max ? max : DEFAULT_MAX;
    all->timer.op.done = look;
    atomic_init(&all->ahead_left, (size_t)AHEAD_BYTES);
    subscriptions_pace(all, LOOK_MS, CHECKPOINT_MS);
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->timer_ended, NULL);
    return all;
}

void subscriptions_pace(struct subscriptions *all, int64_t look_ms, int64_t checkpoint_ms)
{
    all->look_ms = look_ms;
    all->checkpoint_ms = checkpoint_ms;
}

void subscriptions_stop(struct subscriptions *all)
{
    pthread_mutex_lock(&all->lock);
    all->stopping = true;
    for (struct subscription *sub = all->first; sub; sub = sub->next)
        feed_stop(&sub->feed, REASON_SHUTTING_DOWN);
    if (all->ticking)
        cq_timer_stop(&all->timer);
    pthread_mutex_unlock(&all->lock);
}

size_t subscriptions_count(struct subscriptions *all)
{
    pthread_mutex_lock(&all->lock);
    size_t count = all->count;
    pthread_mutex_unlock(&all->lock);
    return count;
}

static struct subscription_info info_of(struct subscription *sub, int64_t mono_ms, uint64_t now_us)
{
    static const enum subscription_state STATES[] = {[FEED_BUSY] = SUBSCRIPTION_READING,
                                                     [FEED_WAITING] = SUBSCRIPTION_LIVE,
                                                     [FEED_STALLED] = SUBSCRIPTION_STUCK};
    size_t waiting_bytes;
    enum feed_state state = feed_see(&sub->feed, mono_ms, &waiting_bytes);
    uint64_t place = atomic_load(&sub->place);
    return (struct subscription_info){
        .number = sub->number,
        .peer = text_span(serve_call_peer(sub->feed.call)),
        .identity = text_span(serve_call_identity(sub->feed.call)),
        .stream_name = sub->waiter.name,
        .stream_type = (uint32_t)sub->request.type,
        .state = (uint32_t)STATES[state],
        .position = place ? place - 1 : 0,
        .lag_ms = state == FEED_WAITING ? 0 : lag_us(sub, now_us) / 1000,
        .events = atomic_load(&sub->events),
        .waiting_bytes = waiting_bytes,
        .since = (uint64_t)sub->since_ms,
    };
}

uint64_t subscriptions_list(struct subscriptions *all, uint64_t before, size_t max,
                            void (*see)(void *user, const struct subscription_info *info),
                            void *user)
{
    int64_t mono_ms = cq_mono_ms();
    uint64_t now_us = (uint64_t)cq_now_ms() * 1000, last = 0;
    pthread_mutex_lock(&all->lock);
    for (struct subscription *sub = all->first; sub && max > 0; sub = sub->next) {
        if (sub->number >= before)
            continue;
        struct subscription_info info = info_of(sub, mono_ms, now_us);
        see(user, &info);
        last = sub->number;
        max--;
    }
    pthread_mutex_unlock(&all->lock);
    return last;
}

size_t subscriptions_ahead(struct subscriptions *all)
{
    return (size_t)AHEAD_BYTES - atomic_load(&all->ahead_left);
}

void subscriptions_close(struct subscriptions *all)
{
    if (!all)
        return;
    subscriptions_stop(all);
    pthread_mutex_lock(&all->lock);
    assert(!all->first);
    while (all->ticking)
        pthread_cond_wait(&all->timer_ended, &all->lock);
    pthread_mutex_unlock(&all->lock);
    pthread_cond_destroy(&all->timer_ended);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
