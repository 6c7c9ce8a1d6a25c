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
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "store/answers.h"
#include "store/durable.h"
#include "store/effects.h"
#include "store/erase.h"
#include "store/fanout.h"
#include "store/hold.h"
#include "store/logline.h"
#include "store/sequence.h"

enum { REOPEN_PAUSE_MS = 250, QUEUE_SUBMISSIONS_MAX = 1 << 16, ERASE_EVERY = 16 };

struct commit {
    struct store *store;
    struct commit_options options;
    struct sequence sequence;
    struct erase *erase;
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

/* ---- failing ---- */

static void refusal(struct error *error, enum reason down)
{
    if (down == REASON_STORE_FULL)
        error_set(
            error, down,
            "the store's disk is full; nothing was stored: make room, then retry; reading goes on");
    else if (down == REASON_STORE_UNAVAILABLE)
        error_set(error, down,
                  "a write failed and the store is being opened anew; nothing was stored: retry");
    else
        error_set(error, down,
                  "the store is going down; nothing was stored: connect again and retry");
    error->maybe_applied = false;
    error->retry_after_ms = REOPEN_PAUSE_MS;
}

/* Fail a submission in a way that may be retried: nothing more of its call may be committed (semantics 7). */
static void fail(struct submission *sub, const struct error *error)
{
    bool told = sub->kind == SUBMIT_REFUSED || (sub->kind == SUBMIT_IMPORT && sub->error);
    if (!told)
        submission_fail(sub, error);
    if (sub->lane)
        sub->lane->broken = true;
}

static void fail_all(struct chain *chain, const struct error *error)
{
    for (struct submission *sub = chain->first; sub; sub = sub->next)
        fail(sub, error);
}

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
    refusal(&broken, REASON_STORE_UNAVAILABLE);
    for (struct submission *sub = taken->first; sub; sub = sub->next) {
        if (sub->lane && sub->lane->broken)
            fail(sub, &broken);
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
    bool deletes = effects_hide(taken), ends = effects_end_import(taken);
    if (written->built_len == 0 && !ends)
        return REASON_NONE;
    if (!deletes && !ends && log_may_append(c->store->log))
        return log_append(c->store->log, batch, &written->appended, error);
    if (durable_drain(c->durable, unknown, error) != REASON_NONE ||
        log_write(c->store->log, batch, error) != REASON_NONE)
        return error->reason;
    if (deletes)
        effects_apply(taken, c->erase);
    return REASON_NONE;
}

static struct written *commit_built(struct commit *c, struct error *error)
{
    struct written *written = written_new(c->sequence.builder);
    if (!written)
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
    unknown.retry_after_ms = REOPEN_PAUSE_MS;
    fail_all(taken, &unknown);
    refusal(&refused, why->reason);
    logline_with(LOGLINE_ERROR, "writing failed, no emit is accepted until the log is open anew",
                 logline_text("error", why->message));
    pthread_mutex_lock(&c->lock);
    c->down = why->reason;
    struct chain waiting = {0};
    lane_take_all(&c->ring, &waiting);
    pthread_mutex_unlock(&c->lock);
    fail_all(&waiting, &refused);
    chain_append(taken, &waiting);
    if (c->options.writable_changed)
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
        fail_all(taken, why);
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
    sequence_start(&c->sequence, now_us(), taken->bytes);
    if (!commit_decide(c, taken, &error) || !sequence_finish(&c->sequence, &after, &error) ||
        !(written = commit_built(c, &error))) {
        commit_end_badly(c, taken, before, &error, false);
    } else if (commit_write(c, taken, written, &unknown, &error) != REASON_NONE) {
        written_free(written);
        chain_append(&unknown, taken);
        commit_end_badly(c, &unknown, before, &error, true);
    } else {
        sequence_settle(&c->sequence, after);
        durable_add(c->durable, written, taken, commit_is_alone(c, taken->bytes));
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

static bool commit_reopen(struct commit *c)
{
    struct error error;
    if (log_reopen(c->store->log, &error) != REASON_NONE)
        return false;
    struct log_end end = log_end(c->store->log);
    if (sequence_reset(&c->sequence, end, &error) != REASON_NONE ||
        erase_load(c->erase, &error) != REASON_NONE)
        return false;
    /* What was in flight may have been written after all. */
    if (end.last_order_id > atomic_load(&c->store->head))
        fanout_publish(c->store->fanout, &c->store->head, atomic_load(&c->store->head) + 1,
                       end.last_order_id, NULL, 0);
    logline_with(LOGLINE_INFO, "the log is open anew, emits are accepted",
                 logline_uint("head_order_id", end.last_order_id));
    return true;
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    return until;
}

/* Wait a moment, or until closing. */
static void commit_pause(struct commit *c)
{
    struct timespec until = in_ms(REOPEN_PAUSE_MS);
    pthread_mutex_lock(&c->lock);
    while (!c->closing && pthread_cond_timedwait(&c->changed, &c->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&c->lock);
}

static void commit_recover(struct commit *c)
{
    while (!commit_reopen(c)) {
        commit_pause(c);
        pthread_mutex_lock(&c->lock);
        bool closing = c->closing;
        pthread_mutex_unlock(&c->lock);
        if (closing)
            return;
    }
    pthread_mutex_lock(&c->lock);
    c->down = REASON_NONE;
    pthread_mutex_unlock(&c->lock);
    if (c->options.writable_changed)
        c->options.writable_changed(c->options.user, true);
}

/* ---- the thread ---- */

enum work { WORK_COMMIT, WORK_ERASE, WORK_SETTLE, WORK_RECOVER, WORK_END };

static bool commit_may_erase(const struct commit *c)
{
    return erase_pending(c->erase) && hold_left_ms(c->store->holds) == 0;
}

/* Under the lock: until something has changed, or a hold has lapsed. */
static void commit_wait(struct commit *c)
{
    if (!erase_pending(c->erase)) {
        pthread_cond_wait(&c->changed, &c->lock);
        return;
    }
    struct timespec until = in_ms(hold_left_ms(c->store->holds) + 1);
    pthread_cond_timedwait(&c->changed, &c->lock, &until);
}

/* Wait for something to do; for a commit, take it. */
static enum work commit_take(struct commit *c, struct chain *taken)
{
    *taken = (struct chain){0};
    enum work work = WORK_COMMIT;
    pthread_mutex_lock(&c->lock);
    while (!c->ring.first && !c->closing && !c->down && !commit_may_erase(c) &&
           !durable_has_failed(c->durable))
        commit_wait(c);
    if (durable_has_failed(c->durable)) {
        work = WORK_SETTLE;
    } else if (c->ring.first) {
        lane_take(&c->ring, taken, COMMIT_BYTES, TURN_BYTES);
    } else if (c->closing) {
        work = WORK_END;
    } else {
        work = c->down ? WORK_RECOVER : WORK_ERASE;
    }
    pthread_mutex_unlock(&c->lock);
    return work;
}

static void commit_erase(struct commit *c)
{
    struct chain unknown = {0};
    struct error error;
    enum reason reason = durable_drain(c->durable, &unknown, &error);
    if (reason == REASON_NONE && hold_erase_begin(c->store->holds)) {
        reason = erase_step(c->erase, &error);
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
        switch (commit_take(c, &taken)) {
        case WORK_COMMIT:
            commit_run(c, &taken);
            if (++commits % ERASE_EVERY == 0 && !c->down && commit_may_erase(c))
                commit_erase(c); /* also when there is never a pause */
            break;
        case WORK_ERASE:
            commit_erase(c);
            break;
        case WORK_SETTLE:
            commit_settle(c);
            break;
        case WORK_RECOVER:
            commit_recover(c);
            break;
        case WORK_END:
            commit_settle(c);
            return NULL;
        }
    }
}

enum reason commit_submit(struct commit *c, struct submission *chain, struct error *error)
{
    struct chain more = chain_of(chain);
    struct lane *lane = chain->lane ? chain->lane : &c->single;
    enum reason reason = REASON_NONE;
    pthread_mutex_lock(&c->lock);
    if (c->closing)
        reason = REASON_SHUTTING_DOWN;
    else if (c->down)
        reason = c->down;
    else if (lane == &c->single && lane->waiting.first &&
             (lane->waiting.bytes + more.bytes > c->options.queue_bytes ||
              lane->waiting.len >= QUEUE_SUBMISSIONS_MAX))
        reason = REASON_BUSY;
    else {
        lane_submit(&c->ring, lane, &more);
        pthread_cond_signal(&c->changed);
    }
    pthread_mutex_unlock(&c->lock);
    if (reason == REASON_BUSY) {
        error_set(error, reason,
                  "too much is waiting to be committed; nothing was stored: retry in a moment");
        error->retry_after_ms = 100;
    } else if (reason != REASON_NONE) {
        refusal(error, reason);
    }
    return reason;
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
    erase_free(c->erase);
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
    s->heads = heads_new(c->options.heads_bytes);
    s->builder = builder_new();
    c->erase = erase_new(c->store);
    const struct durable_options durable = {durable_answer, commit_nudge, c};
    c->durable = durable_open(c->store, &durable);
    if (!s->heads || !s->builder || !c->erase || !c->durable)
        return false;
    s->ids = ids_new(s->log, c->options.recent_ids, error);
    return s->ids && sequence_recall(s, error) == REASON_NONE &&
           erase_load(c->erase, error) == REASON_NONE;
}

static bool commit_start(struct commit *c)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool started = pthread_create(&c->thread, NULL, commit_thread, c) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
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
    answers_init(&c->answers, store->cq);
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
    hold_all_on_release(store->holds, commit_nudge, c);
    if (!commit_start(c)) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no thread for the committer");
        commit_free(c);
        return NULL;
    }
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
