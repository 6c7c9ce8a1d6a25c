/*
 * space.c - see space.h.
 *
 * Compacting costs what lies between the keys, freed or not: so it waits until that is worth it, which bounds what is written for a byte
 * that is given back. What is freed while a part is being given back waits for the next time.
 *
 *   'M' "freed"   how many bytes, 8 bytes, little-endian; then of records and index the first and the last key, each behind its length, 4 bytes
 */
#include "store/space.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/little.h"
#include "store/log_compact.h"
#include "store/logline.h"
#include "store/thread.h"
#include "wire/cq.h"

enum { WORTH = 8, AGAIN_MS = 60000, KEYS = 2 * FREED_KINDS };
enum { FREED_BYTES_MAX = 8 + KEYS * (4 + KEY_BYTES_MAX) };

enum state { IDLE, WORKING, GIVEN_BACK, NOT_WORTH_IT, FAILED };

struct space {
    struct log *log;
    struct space_options options;
    struct log_batch *batch;

    struct freed owed; /* but for what is under way */
    uint64_t worth_a_look;
    int64_t due_ms;
    bool loaded;

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum state state;
    bool closing;
    struct freed under_way; /* the thread's while it is WORKING */
};

/* ---- what was freed ---- */

static void widen(struct key_range *range, const struct key *key)
{
    if (range->from.len == 0 || key_is_behind(&range->from, key))
        range->from = *key;
    if (range->until.len == 0 || key_is_behind(key, &range->until))
        range->until = *key;
}

void freed_add(struct freed *freed, enum freed_kind kind, struct span span, uint64_t bytes)
{
    struct key key = {.len = span.len};
    memcpy(key.data, span.data, span.len);
    widen(&freed->range[kind], &key);
    freed->bytes += bytes;
}

static void freed_merge(struct freed *freed, const struct freed *other)
{
    freed->bytes += other->bytes;
    for (int i = 0; i < FREED_KINDS; i++)
        if (other->range[i].from.len) {
            widen(&freed->range[i], &other->range[i].from);
            widen(&freed->range[i], &other->range[i].until);
        }
}

static struct key *freed_key(struct freed *freed, int i)
{
    struct key_range *range = &freed->range[i / 2];
    return i % 2 ? &range->until : &range->from;
}

static size_t freed_encode(uint8_t out[FREED_BYTES_MAX], struct freed *freed)
{
    uint8_t *at = out;
    little_put64(at, freed->bytes);
    at += 8;
    for (int i = 0; i < KEYS; i++) {
        const struct key *key = freed_key(freed, i);
        little_put32(at, (uint32_t)key->len);
        memcpy(at + 4, key->data, key->len);
        at += 4 + key->len;
    }
    return (size_t)(at - out);
}

static bool freed_decode(struct span value, struct freed *freed)
{
    *freed = (struct freed){0};
    if (value.len < 8)
        return false;
    freed->bytes = little_get64(value.data);
    size_t at = 8;
    for (int i = 0; i < KEYS; i++) {
        struct key *key = freed_key(freed, i);
        if (value.len - at < 4)
            return false;
        key->len = little_get32(value.data + at);
        at += 4;
        if (key->len > sizeof key->data || key->len > value.len - at)
            return false;
        memcpy(key->data, value.data + at, key->len);
        at += key->len;
    }
    return at == value.len;
}

/* ---- the thread ---- */

/* false: it is closing. */
static bool rest(struct space *s, int64_t ms)
{
    const int64_t until_ms = cq_mono_ms() + ms;
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_mutex_lock(&s->lock);
    while (!s->closing && cq_mono_ms() < until_ms)
        pthread_cond_timedwait(&s->changed, &s->lock, &until);
    bool closing = s->closing;
    pthread_mutex_unlock(&s->lock);
    return !closing;
}

static bool compact_range(struct space *s, const struct key_range *range, struct error *error)
{
    struct log_compaction compaction;
    int more;
    log_compact_begin_range(&compaction, s->log, &range->from, &range->until);
    do {
        int64_t begun_ms = cq_mono_ms();
        more = log_compact_step(&compaction, error);
        if (more == 1 && !rest(s, cq_mono_ms() - begun_ms))
            return false;
    } while (more == 1);
    return more == 0;
}

static bool is_worth_it(struct space *s)
{
    uint64_t bytes = 0;
    for (int i = 0; i < FREED_KINDS; i++)
        bytes += log_range_bytes(s->log, &s->under_way.range[i].from, &s->under_way.range[i].until);
    return s->under_way.bytes >= bytes / WORTH;
}

static bool compact_all(struct space *s, struct error *error)
{
    error_set(error, REASON_SHUTTING_DOWN, "photond goes down");
    if (log_free_bytes(s->log) < log_piece_bytes(s->log)) {
        error_set(error, REASON_STORE_FULL, "there is no room on the disk to compact");
        return false;
    }
    for (int i = 0; i < FREED_KINDS; i++)
        if (s->under_way.range[i].from.len && !compact_range(s, &s->under_way.range[i], error))
            return false;
    return true;
}

static enum state give_back(struct space *s)
{
    struct error error;
    uint64_t before = log_table_bytes(s->log);
    if (!is_worth_it(s))
        return NOT_WORTH_IT;
    if (compact_all(s, &error)) {
        logline_with(LOGLINE_INFO, "space given back",
                     logline_uint("freed_bytes", s->under_way.bytes),
                     logline_uint("table_bytes_before", before),
                     logline_uint("table_bytes", log_table_bytes(s->log)));
        return GIVEN_BACK;
    }
    if (error.reason != REASON_SHUTTING_DOWN)
        logline_with(LOGLINE_WARNING, "the space of what was deleted is not given back yet",
                     logline_text("error", error.message));
    return FAILED;
}

static void *work(void *arg)
{
    struct space *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->closing) {
        if (s->state != WORKING) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        enum state state = give_back(s);
        pthread_mutex_lock(&s->lock);
        s->state = state;
        pthread_mutex_unlock(&s->lock);
        s->options.ended(s->options.user);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- open and close ---- */

static bool start(struct space *s)
{
    return thread_start(&s->thread, work, s);
}

static void space_free(struct space *s)
{
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    if (s->batch)
        log_batch_free(s->batch);
    free(s);
}

struct space *space_open(struct log *log, const struct space_options *options)
{
    struct space *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->log = log;
    s->options = *options;
    s->worth_a_look = log_write_buffer_bytes(log);
    s->batch = log_batch_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (s->batch && start(s))
        return s;
    space_free(s);
    return NULL;
}

void space_close(struct space *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    space_free(s);
}

enum reason space_load(struct space *s, struct error *error)
{
    struct key key = key_meta("freed");
    struct bytes *value;
    if (s->loaded)
        return REASON_NONE;
    enum reason reason = log_get(s->log, key_span(&key), &value, error);
    if (reason)
        return reason;
    if (value && !freed_decode(bytes_span(value), &s->owed))
        s->owed = (struct freed){0}; /* it is no more than a hint */
    bytes_unref(value);
    s->loaded = true;
    return REASON_NONE;
}

/* ---- the committer's ---- */

/* What a restart should know of. */
static void put(const struct space *s, const struct freed *more, struct log_batch *batch)
{
    struct freed all = s->owed;
    uint8_t value[FREED_BYTES_MAX];
    struct key key = key_meta("freed");
    freed_merge(&all, &s->under_way);
    freed_merge(&all, more);
    if (all.bytes)
        log_batch_put(batch, key_span(&key), (struct span){value, freed_encode(value, &all)});
    else
        log_batch_delete(batch, key_span(&key));
}

void space_put(const struct space *s, const struct freed *freed, struct log_batch *batch)
{
    if (s && freed->bytes)
        put(s, freed, batch);
}

void space_add(struct space *s, const struct freed *freed)
{
    if (s)
        freed_merge(&s->owed, freed);
}

static enum state state_of(struct space *s)
{
    pthread_mutex_lock(&s->lock);
    enum state state = s->state;
    pthread_mutex_unlock(&s->lock);
    return state;
}

static void set_state(struct space *s, enum state state)
{
    pthread_mutex_lock(&s->lock);
    s->state = state;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

int64_t space_due_ms(struct space *s)
{
    enum state state = state_of(s);
    if (state == WORKING)
        return INT64_MAX;
    if (state != IDLE)
        return 0;
    return s->owed.bytes >= s->worth_a_look ? s->due_ms : INT64_MAX;
}

/* Next time it is more, or later. */
static void take_back(struct space *s)
{
    freed_merge(&s->owed, &s->under_way);
    s->under_way = (struct freed){0};
}

enum reason space_step(struct space *s, int64_t mono_ms, struct error *error)
{
    enum state state = state_of(s);
    if (state == IDLE) {
        s->under_way = s->owed;
        s->owed = (struct freed){0};
        set_state(s, WORKING);
        return REASON_NONE;
    }
    if (state == GIVEN_BACK) {
        s->under_way = (struct freed){0};
        s->worth_a_look = log_write_buffer_bytes(s->log);
    } else if (state == NOT_WORTH_IT) {
        take_back(s);
        s->worth_a_look = 2 * s->owed.bytes;
    } else {
        take_back(s);
        s->due_ms = mono_ms + AGAIN_MS;
    }
    set_state(s, IDLE);
    if (state != GIVEN_BACK)
        return REASON_NONE;
    log_batch_clear(s->batch);
    put(s, &s->under_way, s->batch);
    return log_write(s->log, s->batch, error);
}
