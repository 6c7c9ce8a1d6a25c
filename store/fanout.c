/*
 * fanout.c - waking the subscribers that a commit concerns.
 *
 * Three sets of waiters: those of one stream in a hash table; those of a pattern in another, where equal patterns stand
 * next to each other, so that a pattern is tried once against a stream however many wait for it; those of everything in a
 * list. Tables do not grow: the number of subscriptions is limited, and chains of ten cost less than a rule for growing.
 *
 * fanout_publish stores the head and takes the waiters out under the lock that fanout_wait compares and registers under: a
 * waiter either sees the new head or is seen by it. Waking happens under it, too, so that fanout_cancel's answer is final.
 */
#include "store/fanout.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <xxhash.h>

#include "store/pattern.h"
#include "wire/text.h"

enum { NAME_CHAINS = 4096, PATTERN_CHAINS = 256 };

struct fanout {
    pthread_mutex_t lock;
    size_t patterns; /* waiters with one: without any, the chains are not looked at */
    struct fanout_waiter *all;
    struct fanout_waiter *by_pattern[PATTERN_CHAINS];
    struct fanout_waiter *by_name[NAME_CHAINS];
};

struct fanout *fanout_new(void)
{
    struct fanout *fanout = calloc(1, sizeof *fanout);
    if (fanout)
        pthread_mutex_init(&fanout->lock, NULL);
    return fanout;
}

void fanout_free(struct fanout *fanout)
{
    if (!fanout)
        return;
    assert(!fanout->all && fanout->patterns == 0);
    pthread_mutex_destroy(&fanout->lock);
    free(fanout);
}

static bool same(const struct fanout_waiter *a, const struct fanout_waiter *b)
{
    return a->hash == b->hash && text_equal(a->name, b->name);
}

static void insert(struct fanout_waiter **at, struct fanout_waiter *waiter)
{
    waiter->next = *at;
    waiter->back = at;
    if (waiter->next)
        waiter->next->back = &waiter->next;
    *at = waiter;
}

static void take_out(struct fanout_waiter *waiter)
{
    *waiter->back = waiter->next;
    if (waiter->next)
        waiter->next->back = waiter->back;
    waiter->back = NULL;
}

/* Beside its equals, if there are any. */
static void insert_pattern(struct fanout *fanout, struct fanout_waiter *waiter)
{
    struct fanout_waiter **chain = &fanout->by_pattern[waiter->hash % PATTERN_CHAINS];
    struct fanout_waiter **at = chain;
    while (*at && !same(*at, waiter))
        at = &(*at)->next;
    insert(*at ? at : chain, waiter);
    fanout->patterns++;
}

static void insert_waiter(struct fanout *fanout, struct fanout_waiter *waiter)
{
    if (text_equal(waiter->name, text_span("__all__")))
        insert(&fanout->all, waiter);
    else if (text_is_pattern(waiter->name))
        insert_pattern(fanout, waiter);
    else
        insert(&fanout->by_name[waiter->hash % NAME_CHAINS], waiter);
}

bool fanout_wait(struct fanout *fanout, struct fanout_waiter *waiter, const _Atomic uint64_t *head,
                 uint64_t seen)
{
    assert(!waiter->back);
    waiter->hash = XXH3_64bits(waiter->name.data, waiter->name.len);
    pthread_mutex_lock(&fanout->lock);
    bool wait = atomic_load(head) <= seen;
    if (wait)
        insert_waiter(fanout, waiter);
    pthread_mutex_unlock(&fanout->lock);
    return wait;
}

bool fanout_cancel(struct fanout *fanout, struct fanout_waiter *waiter)
{
    pthread_mutex_lock(&fanout->lock);
    bool waiting = waiter->back;
    if (waiting) {
        take_out(waiter);
        fanout->patterns -= text_is_pattern(waiter->name);
    }
    pthread_mutex_unlock(&fanout->lock);
    return waiting;
}

/* ---- one pass over a commit ---- */

/* The waiter may be gone afterwards. */
static void wake(struct fanout_waiter *waiter, uint64_t first)
{
    take_out(waiter);
    waiter->woken(waiter, first);
}

static void wake_all(struct fanout *fanout, uint64_t first)
{
    while (fanout->all)
        wake(fanout->all, first);
}

static void wake_name(struct fanout *fanout, const struct fanout_name *name, uint64_t first)
{
    struct fanout_waiter *next;
    for (struct fanout_waiter *w = fanout->by_name[name->hash % NAME_CHAINS]; w; w = next) {
        next = w->next;
        if (w->hash == name->hash && text_equal(w->name, name->name))
            wake(w, first);
    }
}

/* Without names. */
static void wake_names(struct fanout *fanout, uint64_t first)
{
    for (size_t i = 0; i < NAME_CHAINS; i++)
        while (fanout->by_name[i])
            wake(fanout->by_name[i], first);
}

static bool concerns(struct span pattern, const struct fanout_name *names, size_t names_len)
{
    struct span prefix = pattern_prefix(pattern);
    if (!names)
        return true;
    for (size_t i = 0; i < names_len; i++)
        if (pattern_begins(names[i].name, prefix) && pattern_match(pattern, names[i].name))
            return true;
    return false;
}

static void wake_patterns(struct fanout *fanout, struct fanout_waiter *chain, uint64_t first,
                          const struct fanout_name *names, size_t names_len)
{
    while (chain) {
        bool concerned = concerns(chain->name, names, names_len);
        bool last = false;
        while (chain && !last) {
            struct fanout_waiter *waiter = chain;
            chain = waiter->next;
            last = chain && !same(waiter, chain);
            if (concerned) {
                fanout->patterns--;
                wake(waiter, first);
            }
        }
    }
}

void fanout_publish(struct fanout *fanout, _Atomic uint64_t *head, uint64_t first, uint64_t last,
                    const struct fanout_name *names, size_t names_len)
{
    pthread_mutex_lock(&fanout->lock);
    atomic_store(head, last);
    wake_all(fanout, first);
    if (!names)
        wake_names(fanout, first);
    for (size_t i = 0; i < names_len; i++)
        wake_name(fanout, &names[i], first);
    for (size_t i = 0; fanout->patterns > 0 && i < PATTERN_CHAINS; i++)
        wake_patterns(fanout, fanout->by_pattern[i], first, names, names_len);
    pthread_mutex_unlock(&fanout->lock);
}
