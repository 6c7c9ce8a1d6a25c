/*
 * durable.c - see durable.h.
 *
 * One lock, a list of what is to be synced and one of what could not be. Whoever syncs, of the two threads, has
 * `syncing` set, so commits are shown and answered by one at a time. A commit counts until it is answered or has failed.
 */
#include "store/durable.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "store/fanout.h"
#include "store/thread.h"

struct list {
    struct written *first, *last;
    size_t len;
};

struct durable {
    struct store *store;
    struct durable_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the thread: something waits, or closing */
    pthread_cond_t less; /* for the committer: less is under way */
    struct list waiting, failed;
    size_t under_way; /* waiting, or being synced */
    bool closing;
    atomic_bool has_failed;
    struct error error; /* why; under the lock */
};

/* ---- a commit ---- */

struct written *written_new(const struct builder *builder)
{
    size_t built_len, names_len;
    const struct built *built = builder_records(builder, &built_len);
    const struct fanout_name *names = builder_names(builder, &names_len);
    struct written *written = malloc(sizeof *written + built_len * sizeof *built);
    if (!written)
        return NULL;
    *written = (struct written){.built_len = built_len, .names_len = names_len};
    written->names = malloc(names_len * sizeof *names + 1);
    if (!written->names) {
        free(written);
        return NULL;
    }
    if (names_len)
        memcpy(written->names, names, names_len * sizeof *names);
    for (size_t i = 0; i < built_len; i++) {
        written->built[i] = built[i];
        bytes_ref(built[i].value);
    }
    return written;
}

void written_free(struct written *written)
{
    for (size_t i = 0; i < written->built_len; i++)
        bytes_unref(written->built[i].value);
    log_appended_end(&written->appended);
    free(written->names);
    free(written);
}

static void list_append(struct list *list, struct list *more)
{
    assert(more->first);
    if (list->last)
        list->last->next = more->first;
    else
        list->first = more->first;
    list->last = more->last;
    list->len += more->len;
    *more = (struct list){0};
}

/* Free the commits; what they are to be answered with goes to *chain. */
static void list_take(struct list *list, struct chain *chain)
{
    for (struct written *next, *written = list->first; written; written = next) {
        next = written->next;
        chain_append(chain, &written->taken);
        written_free(written);
    }
    *list = (struct list){0};
}

/* ---- making durable ---- */

static enum reason sync_file(struct durable *d, const struct written *written, struct error *error)
{
    uint64_t begun_us = tally_now_us();
    enum reason reason = log_sync(d->store->log, &written->appended, error);
    histogram_add(&d->store->measures.sync_us, tally_now_us() - begun_us);
    return reason;
}

/* One sync for each file that the commits stand in; usually there is one. */
static enum reason sync_files(struct durable *d, const struct list *commits, struct error *error)
{
    const struct written *last = NULL;
    for (const struct written *w = commits->first; w; w = w->next) {
        if (!w->appended.file)
            continue;
        if (last && last->appended.file != w->appended.file &&
            sync_file(d, last, error) != REASON_NONE)
            return error->reason;
        last = w;
    }
    return last ? sync_file(d, last, error) : REASON_NONE;
}

static void show(struct store *store, const struct written *written)
{
    size_t len = written->built_len;
    for (size_t i = 0; i < len; i++)
        tail_add(store->tail, written->built[i].value, &written->built[i].record);
    if (len)
        fanout_publish(store->fanout, &store->head, written->built[0].record.first,
                       written->built[len - 1].record.last, written->names, written->names_len);
}

static void keep_failed(struct durable *d, struct list *commits, const struct error *error)
{
    pthread_mutex_lock(&d->lock);
    bool first = !d->failed.first;
    if (first)
        d->error = *error;
    list_append(&d->failed, commits);
    atomic_store(&d->has_failed, true);
    pthread_mutex_unlock(&d->lock);
    if (first)
        d->options.failed(d->options.user);
}

static void make_durable(struct durable *d, struct list *commits)
{
    struct error error;
    struct chain done = {0};
    size_t len = commits->len;
    if (atomic_load(&d->has_failed) || sync_files(d, commits, &error) != REASON_NONE) {
        keep_failed(d, commits, &error);
    } else {
        uint64_t now_us = tally_now_us();
        for (const struct written *w = commits->first; w; w = w->next) {
            measures_commit(&d->store->measures, w, now_us);
            show(d->store, w);
        }
        list_take(commits, &done);
        d->options.answer(d->options.user, &done);
        log_settle(d->store->log);
    }
    pthread_mutex_lock(&d->lock);
    d->under_way -= len;
    pthread_mutex_unlock(&d->lock);
    pthread_cond_signal(&d->less);
}

static void *durable_thread(void *arg)
{
    struct durable *d = arg;
    pthread_mutex_lock(&d->lock);
    while (d->waiting.first || !d->closing) {
        struct list commits = d->waiting;
        d->waiting = (struct list){0};
        if (commits.first) {
            pthread_mutex_unlock(&d->lock);
            make_durable(d, &commits);
            pthread_mutex_lock(&d->lock);
        } else {
            pthread_cond_wait(&d->work, &d->lock);
        }
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* ---- the committer's ---- */

void durable_add(struct durable *d, struct written *written, struct chain *taken, bool alone)
{
    struct list one = {written, written, 1};
    chain_append(&written->taken, taken);
    pthread_mutex_lock(&d->lock);
    while (d->under_way >= DURABLE_MAX)
        pthread_cond_wait(&d->less, &d->lock);
    alone = alone && d->under_way == 0;
    d->under_way++;
    if (!alone)
        list_append(&d->waiting, &one);
    pthread_mutex_unlock(&d->lock);
    if (alone)
        make_durable(d, &one);
    else
        pthread_cond_signal(&d->work);
}

bool durable_has_failed(const struct durable *d)
{
    return atomic_load(&d->has_failed);
}

enum reason durable_drain(struct durable *d, struct chain *unknown, struct error *error)
{
    enum reason reason = REASON_NONE;
    pthread_mutex_lock(&d->lock);
    while (d->under_way > 0)
        pthread_cond_wait(&d->less, &d->lock);
    if (atomic_load(&d->has_failed)) {
        *error = d->error;
        reason = error->reason;
        list_take(&d->failed, unknown);
        atomic_store(&d->has_failed, false);
    }
    pthread_mutex_unlock(&d->lock);
    return reason;
}

enum reason durable_write(struct durable *d, struct log_batch *batch, struct chain *unknown,
                          struct error *error)
{
    enum reason reason = durable_drain(d, unknown, error);
    if (reason != REASON_NONE)
        return reason;
    uint64_t begun_us = tally_now_us();
    reason = log_write(d->store->log, batch, error);
    histogram_add(&d->store->measures.sync_us, tally_now_us() - begun_us);
    return reason;
}

/* ---- open and close ---- */

struct durable *durable_open(struct store *store, const struct durable_options *options)
{
    struct durable *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->store = store;
    d->options = *options;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->work, NULL);
    pthread_cond_init(&d->less, NULL);
    if (thread_start(&d->thread, durable_thread, d))
        return d;
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->work);
    pthread_cond_destroy(&d->less);
    free(d);
    return NULL;
}

void durable_close(struct durable *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->closing = true;
    pthread_cond_signal(&d->work);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->work);
    pthread_cond_destroy(&d->less);
    free(d);
}

const char *durable_worth(const char *dir)
{
    enum { TMPFS = 0x01021994 };
    const unsigned long ramfs = 0x858458f6;
    struct statfs fs;
    if (statfs(dir, &fs) != 0)
        return "synced";
    bool memory = fs.f_type == TMPFS || (unsigned long)fs.f_type == ramfs;
    return memory ? "memory: the directory is not on a disk" : "synced";
}
