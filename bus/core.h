/*
 * core.h - the bus as its own files see it: one lock, what is to be sent after it, and what is due.
 *
 * Everything in bus/ happens under the lock, between core_enter and core_leave, and is short: look up, link, append. What must not
 * be done under it – handing messages to gRPC, running what is not ours – is a task: core_leave runs all that are queued before it returns.
 */
#ifndef MUON_BUS_CORE_H
#define MUON_BUS_CORE_H

#include <pthread.h>

#include "bus/bus.h"
#include "bus/due.h"
#include "bus/hash.h"

/* Runs with the lock held, which it may give back and take again; from then on its owner may be no more. Queued again meanwhile,
 * it may run twice at a time. */
struct task {
    struct task *next;
    bool queued;
    void (*run)(struct task *task);
};

struct exchange;
struct session;
struct watch;

struct bus {
    struct bus_options options;
    struct cq *cq;
    pthread_mutex_t lock;
    struct task *tasks_first, *tasks_last;

    struct dues dues;
    struct cq_timer timer;
    bool timer_set, timer_stopping;
    int64_t timer_ms; /* what it is set for */

    struct hash services, routes; /* registry.c's */
    struct exchange *streams;     /* exchange.c's */
    struct session *sessions;     /* session.c's */
    size_t sessions_len;
    uint64_t sessions_begun;
    struct watch *watches; /* discover.c's */
    size_t watches_len;
    struct bus_counts counts; /* but for what is counted anyway */
    bool draining, stopped;
};

/* All-zero before. */
void core_init(struct bus *bus, struct cq *cq, const struct bus_options *options);
void core_fini(struct bus *bus);
void core_enter(struct bus *bus);
void core_leave(struct bus *bus);
/* Queue it, unless it is already. */
void core_task(struct bus *bus, struct task *task);
/* Set or move what is due; without memory it may be forgotten (false). */
bool core_due(struct bus *bus, struct due *due, int64_t due_ms);

#endif
