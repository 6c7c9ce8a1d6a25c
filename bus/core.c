/*
 * core.c - see core.h.
 *
 * The timer is set for what is due first. When that is taken out, the timer fires for nothing once; only when something is due earlier
 * must it be stopped and set anew, which its being done does.
 */
#include "bus/core.h"

#include <stdlib.h>

static void timer_follow(struct bus *bus)
{
    struct due *first = dues_first(&bus->dues);
    if (bus->timer_set) {
        bool late = bus->stopped || (first && first->due_ms < bus->timer_ms);
        if (late && !bus->timer_stopping) {
            bus->timer_stopping = true;
            cq_timer_stop(&bus->timer);
        }
        return;
    }
    if (!first || bus->stopped)
        return;
    int64_t left = first->due_ms - cq_mono_ms();
    bus->timer_set = true;
    bus->timer_ms = first->due_ms;
    cq_timer_set(bus->cq, &bus->timer, left > 0 ? left : 0);
}

static void timer_done(struct cq_op *op, bool ok)
{
    struct bus *bus = (struct bus *)((char *)op - offsetof(struct bus, timer.op));
    struct due *due;
    (void)ok;
    core_enter(bus);
    bus->timer_set = bus->timer_stopping = false;
    int64_t now = cq_mono_ms();
    while (!bus->stopped && (due = dues_first(&bus->dues)) && due->due_ms <= now) {
        dues_remove(&bus->dues, due);
        due->run(due);
    }
    core_leave(bus);
}

bool core_due(struct bus *bus, struct due *due, int64_t due_ms)
{
    return dues_set(&bus->dues, due, due_ms);
}

void core_enter(struct bus *bus)
{
    pthread_mutex_lock(&bus->lock);
}

void core_task(struct bus *bus, struct task *task)
{
    if (task->queued)
        return;
    task->queued = true;
    task->next = NULL;
    if (bus->tasks_first)
        bus->tasks_last->next = task;
    else
        bus->tasks_first = task;
    bus->tasks_last = task;
}

void core_leave(struct bus *bus)
{
    struct task *task;
    while ((task = bus->tasks_first)) {
        bus->tasks_first = task->next;
        task->queued = false;
        task->run(task);
    }
    timer_follow(bus);
    pthread_mutex_unlock(&bus->lock);
}

/* ---- open and close ---- */

struct bus *bus_open(struct cq *cq, const struct bus_options *options)
{
    struct bus *bus = bus_owners_fault(options->owners) ? NULL : calloc(1, sizeof *bus);
    if (!bus)
        return NULL;
    bus->options = *options;
    if (!bus->options.outbox_bytes)
        bus->options.outbox_bytes = BUS_OUTBOX_BYTES;
    bus->cq = cq;
    bus->timer.op.done = timer_done;
    pthread_mutex_init(&bus->lock, NULL);
    return bus;
}

void bus_stop(struct bus *bus)
{
    core_enter(bus);
    bus->stopped = true;
    core_leave(bus);
}

void bus_close(struct bus *bus)
{
    if (!bus)
        return;
    dues_fini(&bus->dues);
    hash_fini(&bus->services);
    hash_fini(&bus->routes);
    pthread_mutex_destroy(&bus->lock);
    free(bus);
}
