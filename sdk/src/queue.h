/*
 * queue.h - a queue of entries, each of which becomes an item on the thread that drains it.
 *
 * An entry is embedded in what produces items: a finished operation gives one; a subscription stays queued as long as it
 * has batches, so that it needs no memory per item and the network buffers are read on the application's thread.
 *
 * Locks: the queue's own is innermost but one (inflight's): take and drop run without it. Threads: any.
 */
#ifndef MUON_SDK_QUEUE_H
#define MUON_SDK_QUEUE_H

#include <stdbool.h>

#include <muon/muon.h>

struct queue_entry {
    struct queue_entry *next;
    bool queued;
    /* Turn the entry into an item, on a draining thread; it is out of the queue, and may push itself again. false: there
     * is nothing after all. */
    bool (*take)(struct queue_entry *entry, muon_item *item);
    /* Instead of take, when the queue is freed. */
    void (*drop)(struct queue_entry *entry);
};

/* Append, unless it is queued already. Never fails. false: the queue has been freed by its owner; the entry was not
 * taken and will never be. *was_queued (may be NULL) tells whether it was there already. */
bool queue_push(muon_queue *q, struct queue_entry *entry, bool *was_queued);

/* Whoever may push holds a reference. */
muon_queue *queue_ref(muon_queue *q);
void queue_unref(muon_queue *q); /* NULL is fine */

muon_client *queue_client(const muon_queue *q);
bool queue_is_freed(muon_queue *q);

/* The client is closed: waits end once the queue is empty. */
void queue_close(muon_queue *q);

/* The client's list of its queues. */
muon_queue *queue_next(const muon_queue *q);
void queue_set_next(muon_queue *q, muon_queue *next);

#endif
