/*
 * watch.c - one entry a watcher: it is queued when the state changes, and becomes an item with the newest state, so that
 * a queue that nobody drains cannot fill.
 */
#include "sdk/src/watch.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "sdk/src/client.h"
#include "sdk/src/status.h"

struct watcher {
    struct queue_entry entry;
    atomic_size_t refs; /* the client's list, and the entry while it is queued */
    atomic_int state;
    muon_queue *queue; /* counted */
    uint64_t tag;
};

static void unref(struct watcher *w)
{
    if (atomic_fetch_sub(&w->refs, 1) != 1)
        return;
    queue_unref(w->queue);
    free(w);
}

static bool take(struct queue_entry *entry, muon_item *item)
{
    struct watcher *w = (struct watcher *)entry;
    item->tag = w->tag;
    item->kind = MUON_ITEM_STATE;
    item->state = atomic_load(&w->state);
    unref(w);
    return true;
}

static void drop(struct queue_entry *entry)
{
    unref((struct watcher *)entry);
}

static void tell(struct watcher *w, int32_t state)
{
    bool was_queued = false;
    atomic_store(&w->state, state);
    atomic_fetch_add(&w->refs, 1);
    if (!queue_push(w->queue, &w->entry, &was_queued) || was_queued)
        unref(w);
}

void watch_tell(muon_client *c, int32_t state)
{
    if (c->watchers.state == state)
        return;
    c->watchers.state = state;
    for (int i = 0; i < WATCHERS_MAX; i++)
        if (c->watchers.list[i])
            tell(c->watchers.list[i], state);
}

bool watch_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag)
{
    bool found = false;
    for (int i = 0; i < WATCHERS_MAX; i++) {
        struct watcher *w = c->watchers.list[i];
        if (!w || (q && w->queue != q) || (tag && w->tag != *tag))
            continue;
        c->watchers.list[i] = NULL;
        unref(w);
        found = true;
    }
    return found;
}

void watch_cancel_all(muon_client *c)
{
    watch_cancel(c, NULL, NULL);
}

int32_t muon_watch(muon_client *c, muon_queue *q, uint64_t tag)
{
    if (!q || queue_client(q) != c)
        return MUON_EINVAL;
    int32_t status = client_enter(c, NULL);
    if (status != MUON_OK)
        return status;
    int place = 0;
    while (place < WATCHERS_MAX && c->watchers.list[place])
        place++;
    struct watcher *w = place < WATCHERS_MAX ? calloc(1, sizeof *w) : NULL;
    if (w) {
        w->entry.take = take;
        w->entry.drop = drop;
        w->tag = tag;
        w->queue = queue_ref(q);
        atomic_init(&w->refs, 1);
        c->watchers.list[place] = w;
        tell(w, c->watchers.state);
    }
    client_leave(c);
    return w ? MUON_OK : place < WATCHERS_MAX ? MUON_ENOMEM : MUON_EAGAIN;
}
