/*
 * core.c - see core.h.
 *
 * The timer is set for what is due first. When that is taken out, the timer fires for nothing once; only when something is due earlier
 * must it be stopped and set anew, which its being done does.
 */
#include "bus/core.h"

static void timer_follow(struct bus *bus)
{
    struct due *first = due_first(&bus->dues);
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
    while (!bus->stopped && (due = due_first(&bus->dues)) && due->due_ms <= now) {
        due_remove(&bus->dues, due);
        due->run(due);
    }
    core_leave(bus);
}

bool core_due(struct bus *bus, struct due *due, int64_t due_ms)
{
    return due_set(&bus->dues, due, due_ms);
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

void core_init(struct bus *bus, struct cq *cq, const struct bus_options *options)
{
    bus->options = *options;
    bus->cq = cq;
    bus->timer.op.done = timer_done;
    pthread_mutex_init(&bus->lock, NULL);
}

void core_fini(struct bus *bus)
{
    due_fini(&bus->dues);
    hash_fini(&bus->services);
    hash_fini(&bus->routes);
    pthread_mutex_destroy(&bus->lock);
}
