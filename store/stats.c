/*
 * stats.c - see stats.h.
 *
 * A watch is a feed that waits for a timer of its own. The timer's last word may come after the feed's, so whoever of the two is last frees.
 */
#include "store/stats.h"

#include <stdlib.h>

#include "bus/bus.h"
#include "store/admin.h"
#include "store/commit.h"
#include "store/log_compact.h"
#include "store/logline.h"
#include "store/subscribe.h"
#include "wire/text.h"

struct stats {
    struct admin_feed feed; /* first */
    uint32_t interval_ms;   /* 0: once */
    pthread_mutex_t lock;   /* of what follows */
    struct cq_timer timer;
    bool ticking, ended, freed;
};

/* ---- what there is to tell ---- */

static struct bytes *take(struct admin *admin)
{
    struct store *store = admin->store;
    const struct measures *m = &store->measures;
    const struct measures_delivered *given = &m->delivered[MEASURES_SUBSCRIBE];
    struct commit_queue queue = commit_queue(store->commit);
    struct bus_counts counts;
    bus_counts(admin->bus, &counts);
    const struct stats_response r = {
        .time = (uint64_t)cq_now_ms(),
        .started = (uint64_t)admin->started_ms,
        .version = text_span(MUON_BUILD_VERSION),
        .store_id = text_span(log_store_id(store->log)),
        .log_level = (uint32_t)logline_level() + 1,
        .head_order_id = atomic_load(&store->head),
        .writable = queue.down == REASON_NONE,
        .commits = tally_get(&m->commits),
        .batches = tally_get(&m->emits),
        .events = tally_get(&m->emitted_events),
        .event_bytes = tally_get(&m->emitted_bytes),
        .delivered_events = tally_get(&given->events),
        .delivered_bytes = tally_get(&given->bytes),
        .queue_bytes = queue.bytes,
        .queue_batches = queue.submissions,
        .subscriptions = subscriptions_count(store->subscriptions),
        .sessions = counts.sessions,
        .services = counts.services,
        .table_bytes = log_table_bytes(store->log),
        .disk_free_bytes = log_free_bytes(store->log),
    };
    return stats_response_encode(&r);
}

/* ---- the feed ---- */

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct stats *s = (struct stats *)feed;
    (void)ahead;
    struct bytes *encoded = take(s->feed.admin);
    bool ok = encoded && parts_copy(message, bytes_span(encoded)) && parts_close(message);
    bytes_unref(encoded);
    if (!ok) {
        parts_clear(message);
        error_set(error, REASON_BUSY, "no memory for the answer: try again later");
        return FEED_FAILED;
    }
    if (s->interval_ms == 0)
        return FEED_LAST;
    pthread_mutex_lock(&s->lock);
    if (!s->ticking)
        cq_timer_set(s->feed.admin->store->cq, &s->timer, s->interval_ms);
    s->ticking = true;
    pthread_mutex_unlock(&s->lock);
    return FEED_IDLE;
}

static void stats_free(struct stats *s)
{
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void tick(struct cq_op *op, bool ok)
{
    struct stats *s = (struct stats *)((char *)op - offsetof(struct stats, timer.op));
    (void)ok;
    pthread_mutex_lock(&s->lock);
    s->ticking = false;
    bool last = s->freed;
    if (!s->ended)
        feed_wake(&s->feed.feed);
    pthread_mutex_unlock(&s->lock);
    if (last)
        stats_free(s);
}

static void end(struct feed *feed)
{
    struct stats *s = (struct stats *)feed;
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    if (s->ticking)
        cq_timer_stop(&s->timer);
    pthread_mutex_unlock(&s->lock);
    admin_feed_end(&s->feed);
}

static void free_feed(struct feed *feed)
{
    struct stats *s = (struct stats *)feed;
    pthread_mutex_lock(&s->lock);
    s->freed = true;
    bool last = !s->ticking;
    pthread_mutex_unlock(&s->lock);
    if (last)
        stats_free(s);
}

static const struct feed_maker maker = {.make = make, .end = end, .free = free_feed};

/* ---- the call ---- */

static enum reason start(struct serve_call *call, struct admin *admin, struct bytes *message,
                         struct error *error)
{
    uint32_t interval_ms;
    if (stats_request_decode(bytes_span(message), &interval_ms, error))
        return error->reason;
    struct stats *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(error, REASON_BUSY, "no memory for another call: try again later");
    s->interval_ms = interval_ms;
    s->timer.op.done = tick;
    pthread_mutex_init(&s->lock, NULL);
    enum reason reason = admin_feed_start(&s->feed, admin, call, &maker, error);
    if (reason)
        stats_free(s);
    return reason;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    serve_call_set(call, NULL);
    if (start(call, service, message, &error))
        serve_finish(call, &error);
}

const struct serve_method stats_method = {.path = "/muon.v1.AdminService/Stats",
                                          .gives_stream = true,
                                          .begin = begin,
                                          .sent = feed_sent,
                                          .lost = feed_lost,
                                          .gone = feed_gone};
