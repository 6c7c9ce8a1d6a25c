/*
 * inside.c - see inside.h.
 *
 * A call is referenced by the exchange, until that is over; by its author, until it is answered; and by its task while that is queued. The
 * task calls wake without the lock, and puts off what happens meanwhile, so wake never runs twice at a time.
 */
#include "bus/inside.h"

#include <stdlib.h>

#include "bus/plain.h"
#include "wire/codec-error.h"
#include "wire/text.h"

struct inside {
    struct bus *bus;
    struct instance *instance;
    void *user;
    void (*wake)(struct inside_call *call), (*gone)(struct inside_call *call);
};

struct inside_call {
    struct task task;
    struct inside *inside;
    struct end *end; /* NULL: the exchange is over */
    unsigned refs;
    void *state;
    struct bytes *texts; /* the Call without its body */
    struct bus_call call;
    struct bus_url url;
    struct plain_body body;
    struct exchange_rest rest;
    bool woken, waking, answered;
};

static void call_unref(struct inside_call *c)
{
    if (--c->refs > 0)
        return;
    if (c->state && c->inside->gone)
        c->inside->gone(c);
    bytes_unref(c->texts);
    plain_body_clear(&c->body);
    exchange_rest_fini(&c->rest);
    free(c);
}

static void queue(struct inside_call *c)
{
    c->woken = true;
    if (c->task.queued || c->waking)
        return;
    c->refs++;
    core_task(c->inside->bus, &c->task);
}

static void run(struct task *task)
{
    struct inside_call *c =
        (struct inside_call *)((char *)task - offsetof(struct inside_call, task));
    struct bus *bus = c->inside->bus;
    c->waking = true;
    while (c->woken) {
        c->woken = false;
        if (c->end && c->rest.whole)
            exchange_go_on(c->end, &c->rest);
        if (c->answered)
            continue;
        pthread_mutex_unlock(&bus->lock);
        c->inside->wake(c);
        pthread_mutex_lock(&bus->lock);
    }
    c->waking = false;
    call_unref(c);
}

/* ---- as an end ---- */

/* The texts of a Call are views of a message that goes: they are kept as the Call's encoding without its body. */
static bool keep(struct inside_call *c, const struct frame *frame)
{
    struct frame copy = *frame;
    copy.call.body.len = 0;
    copy.call.body_bytes = 0;
    c->texts = frame_head(&copy);
    struct span rest = c->texts ? bytes_span(c->texts) : (struct span){NULL, 0};
    if (!c->texts || frame_next(&rest, &copy, NULL) != 1)
        return false;
    c->call = copy.call;
    return bus_url_split(c->call.url, &c->url) == NULL;
}

static void put_call(struct inside_call *c, const struct frame *frame, struct bytes *body)
{
    struct end *end = c->end;
    struct error error;
    end->lane.taken = 1; /* it has been seen */
    if (!keep(c, frame) || !plain_body_begin(&c->body, body, frame->call.body_bytes)) {
        error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
        c->answered = true;
        exchange_fail(end->exchange, &error);
        return;
    }
    c->refs++; /* the author's */
    if (plain_body_whole(&c->body))
        queue(c);
    else
        exchange_credit(end, 0, frame->call.body_bytes);
}

static void put(struct end *end, struct frame *frame, struct bytes *body)
{
    struct inside_call *c = end->owner;
    if (frame->kind == FRAME_CALL) {
        put_call(c, frame, body);
    } else if (frame->kind == FRAME_CHUNK) {
        plain_body_add(&c->body, body);
        if (plain_body_whole(&c->body))
            queue(c);
    } else if (plain_body_whole(&c->body)) {
        queue(c);
    }
}

static void over(struct end *end)
{
    struct inside_call *c = end->owner;
    bool heard = plain_body_whole(&c->body);
    c->end = NULL;
    if (!heard && !c->answered) { /* the author has never heard of it */
        c->answered = true;
        call_unref(c);
    }
    call_unref(c);
}

static const struct end_ops ops = {put, over};

/* Without memory for the call it is over as soon as it has come. */
static void put_nothing(struct end *end, struct frame *frame, struct bytes *body)
{
    struct error error;
    (void)body;
    if (frame->kind != FRAME_CALL)
        return;
    error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
    exchange_fail(end->exchange, &error);
}

static void over_nothing(struct end *end)
{
    (void)end;
}

static const struct end_ops no_ops = {put_nothing, over_nothing};

static void accept(struct instance *instance, struct exchange *x)
{
    struct inside_call *c = calloc(1, sizeof *c);
    x->responder.ops = c ? &ops : &no_ops;
    x->responder.owner = c;
    if (!c)
        return;
    c->task.run = run;
    c->inside = instance->owner;
    c->end = &x->responder;
    c->refs = 1;
}

static const struct instance_ops instance_ops = {accept, NULL, NULL};

/* ---- the service ---- */

static bool enter(struct inside *inside, const struct inside_options *options)
{
    struct error error;
    core_enter(inside->bus);
    bool ok = registry_join(inside->bus, &options->hello, "", true, &inside->instance, &error) ==
              REASON_NONE;
    if (ok) {
        inside->instance->ops = &instance_ops;
        inside->instance->owner = inside;
    }
    for (size_t i = 0; ok && i < options->endpoints; i++)
        ok = registry_serve(inside->bus, inside->instance, &options->endpoint[i], &error) ==
             REASON_NONE;
    core_leave(inside->bus);
    return ok;
}

struct inside *inside_open(struct bus *bus, const struct inside_options *options)
{
    struct inside *inside = calloc(1, sizeof *inside);
    if (!inside)
        return NULL;
    inside->bus = bus;
    inside->user = options->user;
    inside->wake = options->wake;
    inside->gone = options->gone;
    if (enter(inside, options))
        return inside;
    inside_close(inside);
    return NULL;
}

void inside_close(struct inside *inside)
{
    if (!inside)
        return;
    core_enter(inside->bus);
    if (inside->instance)
        registry_leave(inside->bus, inside->instance);
    core_leave(inside->bus);
    free(inside);
}

/* ---- a call ---- */

void inside_call_set(struct inside_call *call, void *state)
{
    call->state = state;
}

void *inside_call_get(const struct inside_call *call)
{
    return call->state;
}

void *inside_call_user(const struct inside_call *call)
{
    return call->inside->user;
}

const struct bus_url *inside_call_url(const struct inside_call *call)
{
    return &call->url;
}

struct span inside_call_body(const struct inside_call *call)
{
    return call->body.bytes ? bytes_span(call->body.bytes) : (struct span){NULL, 0};
}

struct span inside_call_caused_by(const struct inside_call *call)
{
    return call->call.caused_by;
}

struct span inside_call_traceparent(const struct inside_call *call)
{
    return call->call.traceparent;
}

struct span inside_call_caller(const struct inside_call *call)
{
    return call->call.caller;
}

bool inside_call_given_up(struct inside_call *call)
{
    core_enter(call->inside->bus);
    bool given_up = !call->end;
    core_leave(call->inside->bus);
    return given_up;
}

/* The author's last word. */
static void done(struct inside_call *c)
{
    struct bus *bus = c->inside->bus;
    c->answered = true;
    call_unref(c);
    core_leave(bus);
}

void inside_answer(struct inside_call *c, uint32_t status, struct bytes *body)
{
    struct frame frame = {.kind = FRAME_ANSWER, .answer = {.status = status}};
    struct bytes *first = NULL;
    struct error error;
    core_enter(c->inside->bus);
    bool memory = !body || (first = exchange_first(&c->rest, body));
    if (first)
        frame.answer.body = bytes_span(first);
    if (c->rest.whole)
        frame.answer.body_bytes = body->len;
    if (!memory && c->end) {
        error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
        exchange_fail(c->end->exchange, &error);
    } else if (c->end) {
        exchange_frame(c->end, &frame, first);
    }
    if (c->end && c->rest.whole)
        queue(c); /* as much as there is credit for */
    bytes_unref(first);
    done(c);
}

void inside_end(struct inside_call *c)
{
    struct frame frame = {.kind = FRAME_END};
    core_enter(c->inside->bus);
    if (c->end)
        exchange_frame(c->end, &frame, NULL);
    done(c);
}

void inside_fail(struct inside_call *c, const struct error *error)
{
    struct bytes *encoded = error_encode(error);
    struct frame frame = {.kind = FRAME_ERROR};
    if (encoded)
        frame.error = bytes_span(encoded);
    core_enter(c->inside->bus);
    if (c->end)
        exchange_frame(c->end, &frame, NULL);
    done(c);
    bytes_unref(encoded);
}

bool inside_item(struct inside_call *c, struct bytes *body)
{
    struct frame frame = {.kind = FRAME_ITEM};
    struct bytes *first = NULL;
    core_enter(c->inside->bus);
    const struct end *caller = c->end ? &c->end->exchange->caller : NULL;
    bool room = caller && caller->items > 0 && caller->bytes > 0 && !c->rest.whole;
    if (room)
        first = exchange_first(&c->rest, body);
    if (first) {
        frame.item.body = bytes_span(first);
        frame.item.body_bytes = c->rest.whole ? body->len : 0;
        exchange_frame(c->end, &frame, first);
    }
    if (c->end && c->rest.whole)
        queue(c);
    bytes_unref(first);
    core_leave(c->inside->bus);
    return first != NULL;
}
