/*
 * session-end.c - see session-end.h.
 *
 * An exchange that is over is forgotten by number at once, so whatever still comes for it is ignored; its lane stays until what waits in
 * it has left, and holds a reference for so long.
 */
#include "bus/session-end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/session.h"
#include "wire/codec-error.h"

/* ---- ends ---- */

static struct end *end_of(const struct hash_node *node)
{
    return (struct end *)((char *)node - offsetof(struct end, node));
}

static bool is_number(const struct hash_node *node, const void *key)
{
    return end_of(node)->number == *(const uint64_t *)key;
}

struct end *session_find(struct session *s, uint64_t number)
{
    struct hash_node *node = hash_find(&s->ends, number, is_number, &number);
    return node ? end_of(node) : NULL;
}

static void drained(struct outbox_lane *lane)
{
    struct end *end = (struct end *)((char *)lane - offsetof(struct end, lane));
    exchange_unref(end->exchange);
}

void session_put(struct session *s, struct end *end, struct frame *frame, struct bytes *body)
{
    bool waits = end && end->lane.first;
    if (s->ended && s->lost)
        return;
    if (end)
        frame->exchange = end->number;
    if (!outbox_put(&s->outbox, end ? &end->lane : NULL, frame, body)) {
        s->out_of_memory = true; /* the task ends it: exchanges may be in the middle of something */
    } else if (end && !waits) {
        exchange_ref(end->exchange);
    }
    s->overrun = s->overrun || s->outbox.bytes > s->bus->options.outbox_bytes;
    core_task(s->bus, &s->task);
}

static void end_cancel(struct session *s, struct end *end, struct frame *frame)
{
    bool seen = end->lane.taken > 0;
    if (outbox_drop(&s->outbox, &end->lane))
        exchange_unref(end->exchange);
    frame->exchange = end->number;
    if (seen)
        session_put(s, NULL, frame, NULL);
}

/* A session that does not read would gather credits without end: they are added up instead. */
static bool hold(struct session *s, struct end *end, const struct bus_credit *credit)
{
    if (s->outbox.bytes <= SESSION_OUTBOX_BYTES)
        return false;
    uint32_t items = end->held.items + credit->items;
    end->held.items = items < credit->items ? UINT32_MAX : items;
    uint64_t bytes = end->held.bytes + credit->bytes;
    end->held.bytes = bytes < credit->bytes ? UINT64_MAX : bytes;
    s->holding = true;
    return true;
}

static void release(struct hash_node *node, void *user)
{
    struct end *end = end_of(node);
    struct frame frame = {.exchange = end->number, .kind = FRAME_CREDIT, .credit = end->held};
    if (!end->held.items && !end->held.bytes)
        return;
    end->held = (struct bus_credit){0, 0};
    session_put(user, NULL, &frame, NULL);
}

void session_release(struct session *s)
{
    if (!s->holding || s->outbox.bytes > SESSION_OUTBOX_BYTES)
        return;
    s->holding = false;
    hash_each(&s->ends, release, s);
}

static void end_put(struct end *end, struct frame *frame, struct bytes *body)
{
    struct session *s = end->owner;
    frame->exchange = end->number;
    if (frame->kind == FRAME_CANCEL)
        end_cancel(s, end, frame);
    else if (frame->kind != FRAME_CREDIT)
        session_put(s, end, frame, body);
    else if (!hold(s, end, &frame->credit))
        session_put(s, NULL, frame, NULL);
}

static void end_over(struct end *end)
{
    session_disown(end->owner, end);
}

static const struct end_ops ops = {end_put, end_over};

void session_own(struct session *s, struct end *end, uint64_t number)
{
    end->ops = &ops;
    end->owner = s;
    end->call = s->call;
    end->number = number;
    end->lane.drained = drained;
    hash_add(&s->ends, &end->node, number);
    s->calls += number % 2;
}

void session_disown(struct session *s, struct end *end)
{
    hash_remove(&s->ends, &end->node);
    s->calls -= (unsigned)(end->number % 2);
    if (s->bus->draining)
        core_task(s->bus, &s->task);
}

/* ---- as an instance ---- */

static void accept(struct instance *instance, struct exchange *x)
{
    struct session *s = instance->owner;
    s->last_server += 2;
    session_own(s, &x->responder, s->last_server);
}

static bool ready(const struct instance *instance)
{
    const struct session *s = instance->owner;
    return s->outbox.bytes <= SESSION_OUTBOX_BYTES;
}

static void replaced(struct instance *instance)
{
    session_end(instance->owner, REASON_DENIED,
                "a newer session of the same instance has taken over");
}

const struct instance_ops session_instance_ops = {accept, ready, replaced};

/* ---- the session ---- */

void session_add(struct session *s)
{
    struct bus *bus = s->bus;
    s->next = bus->sessions;
    if (s->next)
        s->next->prev = s;
    bus->sessions = s;
    s->number = ++bus->sessions_begun;
    s->since_ms = cq_now_ms();
    s->heard_ms = s->said_ms = cq_mono_ms();
    if (bus->draining)
        session_end(s, REASON_SHUTTING_DOWN, "the store is going down: connect again");
    else if (bus->sessions_len >= bus->options.sessions_max)
        session_end(s, REASON_BUSY, "there are as many sessions as the settings allow");
    else if (!core_due(bus, &s->due, s->heard_ms + bus->options.beat_ms))
        session_end(s, REASON_BUSY, "photond is out of memory: retry later");
    s->counted = !s->ended;
    bus->sessions_len += s->counted;
}

void session_uncount(struct session *s)
{
    s->bus->sessions_len -= s->counted;
    s->counted = false;
}

void session_remove(struct session *s)
{
    struct bus *bus = s->bus;
    session_end(s, REASON_NONE, "");
    due_remove(&bus->dues, &s->due);
    *(s->prev ? &s->prev->next : &bus->sessions) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    session_uncount(s);
}

/* Last words, before which nothing else is said any more. */
static void say_why(struct session *s)
{
    struct error error;
    error_set(&error, s->reason, "%s", s->why);
    serve_failed(s->call, &error);
    memcpy(s->request_id, error.request_id, sizeof s->request_id);
    struct bytes *encoded = error_encode(&error);
    struct frame frame = {.kind = FRAME_ERROR};
    if (encoded)
        frame.error = bytes_span(encoded);
    session_put(s, NULL, &frame, NULL);
    bytes_unref(encoded);
}

void session_end(struct session *s, enum reason reason, const char *why)
{
    struct hash_node *node;
    size_t from = 0;
    if (s->ended) {
        core_task(s->bus, &s->task);
        return;
    }
    s->ended = true;
    s->reason = reason;
    snprintf(s->why, sizeof s->why, "%s", why);
    while ((node = hash_any(&s->ends, &from)))
        exchange_lost(end_of(node));
    if (s->instance)
        registry_leave(s->bus, s->instance);
    s->instance = NULL;
    outbox_clear(&s->outbox);
    if (reason != REASON_NONE && !s->lost)
        say_why(s);
    /* For a peer that does not take even that. */
    core_due(s->bus, &s->due, cq_mono_ms() + 2 * (int64_t)s->bus->options.beat_ms);
    core_task(s->bus, &s->task);
}

void session_drain_all(struct bus *bus, int64_t timeout_ms)
{
    for (struct session *s = bus->sessions; s; s = s->next) {
        struct frame frame = {.kind = FRAME_DRAIN, .drain_ms = (uint32_t)timeout_ms};
        if (!s->ended)
            session_put(s, NULL, &frame, NULL);
    }
}
