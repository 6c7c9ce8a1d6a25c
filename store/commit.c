/*
 * commit.c - see commit.h.
 *
 * One mutex guards the queue and the state; the committer holds it only to take and to look. What is being committed belongs
 * to the committer's thread alone, until it is written; then durable.c has it, and the committer goes on with the next.
 */
#include "store/commit.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store/answers.h"
#include "store/deleting.h"
#include "store/durable.h"
#include "store/fanout.h"
#include "store/hold.h"
#include "store/logline.h"
#include "store/pace.h"
#include "store/place.h"
#include "store/refuse.h"
#include "store/sequence.h"
#include "store/thread.h"
#include "store/until.h"

enum { QUEUE_SUBMISSIONS_MAX = 1 << 16, DELETE_EVERY = 16 };

struct commit {
    struct store *store;
    struct commit_options options;
    struct sequence sequence;
    struct deleting *deleting;
    struct durable *durable;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct lane single;    /* calls of their own share a lane */
    struct lane_ring ring; /* what waits */
    bool closing;
    enum reason down; /* why nothing can be written now */

    struct answers answers;
};

/* ---- a commit ---- */

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool commit_decide(struct commit *c, struct chain *taken, struct error *error)
{
    struct error broken;
    refuse_why(&broken, REASON_STORE_UNAVAILABLE);
    for (struct submission *sub = taken->first; sub; sub = sub->next) {
        if (sub->lane && sub->lane->broken)
            refuse_one(sub, &broken);
        else if (!sequence_add(&c->sequence, sub, error))
            return false;
    }
    return true;
}

/* What hides events from readers as soon as it is written, and what may begin a new file of LevelDB's log, is written when all
 * before it is durable, and is durable itself when it is written. */
static enum reason commit_write(struct commit *c, const struct chain *taken,
                                struct written *written, struct chain *unknown, struct error *error)
{
    struct log_batch *batch = builder_batch(c->sequence.builder);
    unsigned format;
    bool deletes = deleting_is_in(taken, &format), ends = deleting_ends_import(taken);
    if (written->built_len == 0 && !ends)
        return REASON_NONE;
    if (!deletes && !ends && log_may_append(c->store->log))
        return log_append(c->store->log, batch, &written->appended, error);
    if (place_raise(log_place(c->store->log), format, error) != REASON_NONE ||
        durable_write(c->durable, batch, unknown, error) != REASON_NONE)
        return error->reason;
    if (deletes)
        deleting_apply(c->deleting, taken);
    return REASON_NONE;
}

static struct written *commit_built(struct commit *c, uint64_t begun_us, struct error *error)
{
    struct written *written = written_new(c->sequence.builder);
    if (written)
        written->begun_us = begun_us;
    else
        error_set(error, REASON_BUSY,
                  "the store is out of memory; nothing was stored: retry later");
    return written;
}

/* taken: what was being written. It is answered after what was written before. */
static void commit_go_down(struct commit *c, struct chain *taken, const struct error *why)
{
    struct error unknown, refused;
    error_set(&unknown, REASON_STORE_UNAVAILABLE,
              "writing failed and the outcome is unknown: retry with the same event ids (%.300s)",
              why->message);
    unknown.retry_after_ms = REFUSE_RETRY_MS;
    refuse_all(taken, &unknown);
    refuse_why(&refused, why->reason);
    refuse_tell(why);
    tally_add(&c->store->measures.write_failures, 1);
    pthread_mutex_lock(&c->lock);
    c->down = why->reason;
    struct chain waiting = {0};
    lane_take_all(&c->ring, &waiting);
    pthread_mutex_unlock(&c->lock);
    refuse_all(&waiting, &refused);
    chain_append(taken, &waiting);
    c->options.writable_changed(c->options.user, false);
    answers_put(&c->answers, taken);
}

/* Wait for what was written, then end what is being committed: given up, so that what the log holds has not changed; or down. What is known
 * of the log must be forgotten with the commit, event ids above all: a retry would be taken for a duplicate, and answered without having
 * been stored. When that fails, too, opening anew will do it. */
static void commit_end_badly(struct commit *c, struct chain *taken, struct log_end before,
                             const struct error *why, bool down)
{
    struct chain unknown = {0};
    struct error failed;
    if (durable_drain(c->durable, &unknown, &failed) != REASON_NONE ||
        (!down && sequence_reset(&c->sequence, before, &failed) != REASON_NONE)) {
        why = &failed;
        down = true;
    }
    if (down) {
        chain_append(&unknown, taken);
        commit_go_down(c, &unknown, why);
    } else {
        refuse_all(taken, why);
        answers_put(&c->answers, taken);
    }
}

/* A small commit behind which nothing waits: there is no other work to do meanwhile. */
static bool commit_is_alone(struct commit *c, size_t bytes)
{
    pthread_mutex_lock(&c->lock);
    bool alone = !c->ring.first && bytes < TURN_BYTES;
    pthread_mutex_unlock(&c->lock);
    return alone;
}

static void commit_run(struct commit *c, struct chain *taken)
{
    struct log_end before = c->sequence.end, after;
    struct chain unknown = {0};
    struct error error;
    struct written *written = NULL;
    uint64_t begun_us = tally_now_us();
    sequence_start(&c->sequence, now_us(), taken->bytes);
    if (!commit_decide(c, taken, &error) || !sequence_finish(&c->sequence, &after, &error) ||
        !(written = commit_built(c, begun_us, &error))) {
        commit_end_badly(c, taken, before, &error, false);
    } else if (commit_write(c, taken, written, &unknown, &error) != REASON_NONE) {
        written_free(written);
        chain_append(&unknown, taken);
        commit_end_badly(c, &unknown, before, &error, true);
    } else {
        sequence_settle(&c->sequence, after);
        durable_add(c->durable, written, taken, commit_is_alone(c, taken->bytes));
        pace(c->store->log, tally_now_us() - begun_us);
    }
}

/* Must it see in the log, or in memory, what the commits before have done? Then it begins one. */
static bool begins_a_commit(const struct submission *sub)
{
    return sub->kind == SUBMIT_RETENTION || sub->delete_before;
}

static void commit_all(struct commit *c, struct chain *taken)
{
    while (taken->first && !c->down) {
        struct chain part = {0};
        do
            chain_push(&part, chain_shift(taken));
        while (taken->first && !begins_a_commit(taken->first));
        commit_run(c, &part);
    }
    if (taken->first) {
        struct error refused;
        refuse_why(&refused, c->down);
        refuse_all(taken, &refused);
        answers_put(&c->answers, taken);
    }
}

/* Wait for what was written; a sync may have failed, on its own thread or ours. */
static void commit_settle(struct commit *c)
{
    struct chain unknown = {0};
    struct error error;
    if (durable_drain(c->durable, &unknown, &error) != REASON_NONE)
        commit_go_down(c, &unknown, &error);
}

/* ---- coming back ---- */

static enum reason commit_reopen(struct commit *c, struct error *error)
{
    enum reason reason = log_reopen(c->store->log, error);
    struct log_end end = log_end(c->store->log);
    if (reason == REASON_NONE)
        reason = sequence_reset(&c->sequence, end, error);
    if (reason == REASON_NONE)
        reason = deleting_load(c->deleting, error);
    if (reason != REASON_NONE)
        return reason;
    /* What was in flight may have been written after all. */
    if (end.last_order_id > atomic_load(&c->store->head))
        fanout_publish(c->store->fanout, &c->store->head, atomic_load(&c->store->head) + 1,
                       end.last_order_id, NULL, 0);
    logline_with(LOGLINE_INFO, "the log is open anew, emits are accepted",
                 logline_uint("head_order_id", end.last_order_id));
    return REASON_NONE;
}

/* Wait a moment, or until something happens; is it closing? */
static bool commit_pause(struct commit *c)
{
    struct timespec until = until_ms(REFUSE_RETRY_MS);
    pthread_mutex_lock(&c->lock);
    pthread_cond_timedwait(&c->changed, &c->lock, &until); /* woken early: tries early */
    bool closing = c->closing;
    pthread_mutex_unlock(&c->lock);
    return closing;
}

/* Damage is not tried again: no opening mends it, and each may clear away what a person wants to see. */
static void commit_recover(struct commit *c)
{
    struct error error;
    bool told = false;
    enum reason down;
    while ((down = commit_reopen(c, &error)) != REASON_NONE && down != REASON_CORRUPT) {
        if (!told)
            logline_with(LOGLINE_WARNING, "the log could not be opened anew, and is tried again",
                         logline_text("error", error.message));
        told = true;
        if (commit_pause(c))
            break;
    }
    pthread_mutex_lock(&c->lock);
    c->down = down;
    pthread_mutex_unlock(&c->lock);
    if (down == REASON_CORRUPT)
        refuse_tell(&error);
    if (down == REASON_NONE)
        c->options.writable_changed(c->options.user, true);
}

/* ---- the thread ---- */

enum work { WORK_NONE, WORK_COMMIT, WORK_DELETE, WORK_SETTLE, WORK_RECOVER, WORK_END };

/* When the next step of deleting is; a snapshot that is being read holds it back. */
static int64_t commit_due_ms(const struct commit *c)
{
    int64_t due_ms = deleting_due_ms(c->deleting), held_ms = hold_left_ms(c->store->holds);
    int64_t free_ms = held_ms ? cq_mono_ms() + held_ms + 1 : 0;
    return due_ms < free_ms ? free_ms : due_ms;
}

static enum work commit_work(const struct commit *c)
{
    if (durable_has_failed(c->durable))
        return WORK_SETTLE;
    if (c->ring.first)
        return WORK_COMMIT;
    if (c->closing)
        return WORK_END;
    if (c->down)
        return c->down == REASON_CORRUPT ? WORK_NONE : WORK_RECOVER;
    return commit_due_ms(c) <= cq_mono_ms() ? WORK_DELETE : WORK_NONE;
}

/* Under the lock: until something changes, or something is to be deleted. */
static void commit_wait(struct commit *c)
{
    int64_t due_ms = c->down ? INT64_MAX : commit_due_ms(c);
    const struct timespec due = {due_ms / 1000, due_ms % 1000 * 1000000};
    if (due_ms == INT64_MAX)
        pthread_cond_wait(&c->changed, &c->lock);
    else
        pthread_cond_timedwait(&c->changed, &c->lock, &due);
}

/* Wait for something to do; for a commit, take it. */
static enum work commit_take(struct commit *c, struct chain *taken)
{
    enum work work;
    *taken = (struct chain){0};
    pthread_mutex_lock(&c->lock);
    while ((work = commit_work(c)) == WORK_NONE)
        commit_wait(c);
    if (work == WORK_COMMIT)
        lane_take(&c->ring, taken, COMMIT_BYTES, TURN_BYTES);
    pthread_mutex_unlock(&c->lock);
    return work;
}

static void commit_deleting(struct commit *c)
{
    struct chain unknown = {0};
    struct error error;
    enum reason reason = durable_drain(c->durable, &unknown, &error);
    if (reason == REASON_NONE && hold_erase_begin(c->store->holds)) {
        reason = deleting_step(c->deleting, c->sequence.end, now_us() / 1000, cq_mono_ms(), &error);
        hold_erase_end(c->store->holds);
    }
    if (reason != REASON_NONE)
        commit_go_down(c, &unknown, &error);
}

static void *commit_thread(void *arg)
{
    struct commit *c = arg;
    struct chain taken;
    unsigned commits = 0;
    for (;;) {
        enum work work = commit_take(c, &taken);
        if (work == WORK_COMMIT) {
            commit_all(c, &taken);
            if (++commits % DELETE_EVERY == 0 && !c->down && commit_due_ms(c) <= cq_mono_ms())
                commit_deleting(c); /* also when there is never a pause */
        } else if (work == WORK_DELETE) {
            commit_deleting(c);
        } else if (work == WORK_RECOVER) {
            commit_recover(c);
        } else {
            commit_settle(c);
            if (work == WORK_END)
                return NULL;
        }
    }
}

enum reason commit_submit(struct commit *c, struct submission *chain, struct error *error)
{
    struct chain more = chain_of(chain);
    size_t len = more.len;
    struct lane *lane = chain->lane ? chain->lane : &c->single;
    enum reason reason = REASON_NONE;
    submission_stamp(chain);
    pthread_mutex_lock(&c->lock);
    if (c->closing)
        reason = REASON_SHUTTING_DOWN;
    else if (c->down)
        reason = c->down;
    else if (lane == &c->single && lane->waiting.first &&
             (lane->waiting.bytes + more.bytes > c->options.queue_bytes ||
              lane->waiting.len >= QUEUE_SUBMISSIONS_MAX))
        reason = REASON_BUSY;
    else
        lane_submit(&c->ring, lane, &more);
    pthread_mutex_unlock(&c->lock);
    if (reason == REASON_NONE)
        pthread_cond_signal(&c->changed); /* who wakes finds the lock free */
    else
        measures_refused(&c->store->measures, reason, len);
    if (reason == REASON_BUSY) {
        error_set(error, reason,
                  "too much is waiting to be committed; nothing was stored: retry in a moment");
        error->retry_after_ms = 100;
    } else if (reason != REASON_NONE) {
        refuse_why(error, reason);
    }
    return reason;
}

struct commit_queue commit_queue(struct commit *c)
{
    pthread_mutex_lock(&c->lock);
    struct commit_queue queue = {c->ring.len, c->ring.bytes, c->down};
    pthread_mutex_unlock(&c->lock);
    return queue;
}

/* ---- open and close ---- */

static void durable_answer(void *user, struct chain *done)
{
    struct commit *c = user;
    answers_put(&c->answers, done);
}

/* There may be something to do that did not come by commit_submit. */
static void commit_nudge(void *user)
{
    struct commit *c = user;
    pthread_mutex_lock(&c->lock);
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void commit_free(struct commit *c)
{
    durable_close(c->durable);
    deleting_free(c->deleting);
    builder_free(c->sequence.builder);
    ids_free(c->sequence.ids);
    heads_free(c->sequence.heads);
    pthread_mutex_destroy(&c->lock);
    answers_fini(&c->answers);
    pthread_cond_destroy(&c->changed);
    free(c);
}

static bool commit_init(struct commit *c, struct error *error)
{
    struct sequence *s = &c->sequence;
    error_set(error, REASON_STORE_UNAVAILABLE, "no memory for the committer");
    s->log = c->store->log;
    s->end = log_end(s->log);
    s->tombstones = log_place(s->log)->format >= LOG_FORMAT_CUTS;
    s->heads = heads_new(c->options.heads_bytes);
    s->builder = builder_new();
    s->retention = c->store->retention;
    const struct space_options space = {commit_nudge, c};
    c->deleting = s->heads ? deleting_new(c->store, s->heads, &s->imported, &space) : NULL;
    const struct durable_options durable = {durable_answer, commit_nudge, c};
    c->durable = durable_open(c->store, &durable);
    if (!s->heads || !s->builder || !c->deleting || !c->durable)
        return false;
    s->ids = ids_new(s->log, c->options.recent_ids, error);
    return s->ids && sequence_recall(s, error) == REASON_NONE &&
           deleting_load(c->deleting, error) == REASON_NONE;
}

static bool commit_start(struct commit *c)
{
    return thread_start(&c->thread, commit_thread, c);
}

struct commit *commit_open(struct store *store, const struct commit_options *options,
                           struct error *error)
{
    struct commit *c = calloc(1, sizeof *c);
    if (!c) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory for the committer");
        return NULL;
    }
    c->store = store;
    c->options = *options;
    pthread_mutex_init(&c->lock, NULL);
    answers_init(&c->answers, store->cq, &store->measures);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!commit_init(c, error)) {
        commit_free(c);
        return NULL;
    }
    atomic_store(&store->head, c->sequence.end.last_order_id);
    if (!commit_start(c)) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no thread for the committer");
        commit_free(c);
        return NULL;
    }
    hold_all_on_release(store->holds, commit_nudge, c);
    return c;
}

void commit_close(struct commit *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->closing = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    hold_all_on_release(c->store->holds, NULL, NULL);
    answers_wait(&c->answers);
    commit_free(c);
}
