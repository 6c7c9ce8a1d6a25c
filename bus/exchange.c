/*
 * exchange.c - see exchange.h.
 *
 * References: one until the exchange is over, one for each lane of a session in which something of it waits, and whoever holds one
 * besides. What an end has granted is counted down by what passes, so a sender that has nothing left is caught here, and photond never
 * holds more than the receivers have asked for.
 */
#include "bus/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "wire/codec-error.h"
#include "wire/text.h"

enum { REQUEST_MS = 30 * 1000 };
/* Credit beyond it is of no use, and sums do not overflow. */
static const int64_t CREDIT_MAX = (int64_t)1 << 48;

static void timed_out(struct due *due)
{
    struct error error;
    struct exchange *x = (struct exchange *)((char *)due - offsetof(struct exchange, due));
    error_set(&error, REASON_TIMED_OUT, "there was no answer in the time given");
    exchange_fail(x, &error);
}

struct exchange *exchange_new(struct bus *bus)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->bus = bus;
    x->refs = 1;
    x->due.run = timed_out;
    x->caller.exchange = x->responder.exchange = x;
    return x;
}

void exchange_ref(struct exchange *x)
{
    x->refs++;
}

void exchange_unref(struct exchange *x)
{
    if (--x->refs == 0)
        free(x);
}

static struct end *other(struct end *end)
{
    struct exchange *x = end->exchange;
    return end == &x->caller ? &x->responder : &x->caller;
}

static bool is_caller(const struct end *end)
{
    return end == &end->exchange->caller;
}

static void streams_add(struct exchange *x)
{
    x->next = x->bus->streams;
    if (x->next)
        x->next->prev = x;
    x->bus->streams = x;
}

static void streams_remove(struct exchange *x)
{
    *(x->prev ? &x->prev->next : &x->bus->streams) = x->next;
    if (x->next)
        x->next->prev = x->prev;
}

/* ---- the end of it ---- */

/* reason: REASON_NONE: as it should. */
static void over(struct exchange *x, enum reason reason)
{
    struct bus_counts *counts = &x->bus->counts;
    if (x->stream) {
        counts->streams[reason]++;
        counts->streams_open--;
        streams_remove(x);
    } else {
        counts->requests[reason]++;
        counts->requests_open--;
        histogram_values_add(&counts->request_us, tally_now_us() - x->begun_us);
    }
    x->over = true;
    x->instance->in_flight--;
    x->instance = NULL;
    due_remove(&x->bus->dues, &x->due);
    x->caller.ops->over(&x->caller);
    x->responder.ops->over(&x->responder);
    exchange_unref(x);
}

static void put_error(struct end *to, const struct error *error)
{
    struct error told = *error;
    if (to->call)
        serve_failed(to->call, &told);
    struct bytes *encoded = error_encode(&told);
    struct frame frame = {.kind = FRAME_ERROR};
    if (encoded)
        frame.error = bytes_span(encoded);
    to->ops->put(to, &frame, NULL); /* without memory an Error without a reason: still an end */
    bytes_unref(encoded);
}

static void put_cancel(struct end *to)
{
    struct frame frame = {.kind = FRAME_CANCEL};
    to->ops->put(to, &frame, NULL);
}

void exchange_fail(struct exchange *x, struct error *error)
{
    /* Only what may have left can have been acted upon (semantics 18). */
    error->maybe_applied = error->maybe_applied && x->responder.lane.taken > 0;
    put_error(&x->caller, error);
    put_cancel(&x->responder);
    over(x, error->reason);
}

void exchange_lost(struct end *end)
{
    struct exchange *x = end->exchange;
    struct error error;
    if (is_caller(end)) {
        put_cancel(&x->responder);
        over(x, REASON_CALLER_GONE);
        return;
    }
    error_set(&error, REASON_RESPONDER_LOST, "the instance %s of %s went away before it answered",
              x->instance->id, x->instance->service->name);
    error.maybe_applied = x->responder.lane.taken > 0;
    put_error(&x->caller, &error);
    over(x, error.reason);
}

/* The end has broken the contract in this exchange: it is told so, and the other is without it from now on. */
static void broken(struct end *end, enum reason reason, const char *what)
{
    struct exchange *x = end->exchange;
    struct error error;
    error_set(&error, reason, "%s", what);
    put_error(end, &error);
    if (is_caller(end)) {
        put_cancel(&x->responder);
    } else {
        if (reason != REASON_TOO_LARGE)
            error_set(&error, REASON_RESPONDER_LOST,
                      "the instance %s of %s was given up, it has broken the contract: %s",
                      x->instance->id, x->instance->service->name, what);
        error.maybe_applied = true;
        put_error(&x->caller, &error);
    }
    over(x, error.reason);
}

/* ---- the beginning ---- */

static enum reason check_call(const struct exchange *x, const struct bus_call *call,
                              struct bus_url *url, struct error *error)
{
    const struct bus *bus = x->bus;
    const char *fault = bus_url_split(call->url, url);
    uint64_t bytes = call->body_bytes ? call->body_bytes : call->body.len;
    if (bus->draining)
        return error_set(error, REASON_SHUTTING_DOWN,
                         "the store is going down: connect again and retry");
    if (fault) {
        error_set(error, REASON_INVALID_ARGUMENT, "url %s", fault);
        strcpy(error->field, "url");
        return error->reason;
    }
    if (bytes <= bus->options.body_bytes)
        return REASON_NONE;
    error_set(error, REASON_TOO_LARGE, "a body of %llu bytes is over the limit of %llu",
              (unsigned long long)bytes, (unsigned long long)bus->options.body_bytes);
    strcpy(error->field, "body");
    error->limit = bus->options.body_bytes;
    return error->reason;
}

static int64_t at_most(uint64_t credit)
{
    return credit > (uint64_t)CREDIT_MAX ? CREDIT_MAX : (int64_t)credit;
}

static enum reason begin(struct exchange *x, struct bus_call *call, struct bytes *body,
                         struct error *error)
{
    struct bus_url url;
    struct instance *instance;
    enum reason reason = check_call(x, call, &url, error);
    if (reason == REASON_NONE)
        reason = registry_pick(x->bus, &url, &instance, error);
    if (reason != REASON_NONE)
        return reason;
    if (!call->timeout_ms && !url.stream)
        call->timeout_ms = REQUEST_MS;
    if (call->timeout_ms && !core_due(x->bus, &x->due, cq_mono_ms() + call->timeout_ms))
        return error_set(error, REASON_BUSY, "photond is out of memory: retry later");
    x->stream = url.stream;
    if (x->stream)
        streams_add(x);
    x->caller.items = at_most(call->credit_items);
    x->caller.bytes = at_most(call->credit_bytes);
    x->caller.body_left = call->body_bytes ? call->body_bytes - call->body.len : 0;
    *(x->stream ? &x->bus->counts.streams_open : &x->bus->counts.requests_open) += 1;
    x->begun_us = tally_now_us();
    x->instance = instance;
    instance->in_flight++;
    instance->ops->accept(instance, x);
    struct frame frame = {.kind = FRAME_CALL, .call = *call};
    x->responder.ops->put(&x->responder, &frame, body);
    return REASON_NONE;
}

enum reason exchange_begin(struct exchange *x, struct bus_call *call, struct bytes *body,
                           struct error *error)
{
    enum reason reason = begin(x, call, body, error);
    if (reason != REASON_NONE)
        x->bus->counts.refused[reason]++;
    return reason;
}

void exchange_stop_streams(struct bus *bus)
{
    struct error error;
    while (bus->streams) {
        error_set(&error, REASON_SHUTTING_DOWN, "the store is going down: connect again and go on");
        exchange_fail(bus->streams, &error);
    }
}

/* ---- what passes ---- */

static void pass_credit(struct end *from, struct frame *frame)
{
    struct end *to = other(from);
    from->items = at_most((uint64_t)(from->items + frame->credit.items));
    from->bytes += at_most(frame->credit.bytes);
    if (from->bytes > CREDIT_MAX)
        from->bytes = CREDIT_MAX;
    to->ops->put(to, frame, NULL);
}

/* The piece belongs to a body, and the other end has room for it. NULL: so it is. */
static const char *chunk_fault(const struct end *from, const struct end *to, size_t len)
{
    if (from->body_left == 0)
        return "a chunk of no body";
    if (len > from->body_left)
        return "a chunk beyond the end of its body";
    return to->bytes <= 0 ? "a chunk without credit" : NULL;
}

static void pass_chunk(struct end *from, struct frame *frame, struct bytes *body)
{
    struct end *to = other(from);
    struct exchange *x = from->exchange;
    const char *fault = chunk_fault(from, to, frame->chunk.len);
    if (fault) {
        broken(from, REASON_INVALID_ARGUMENT, fault);
        return;
    }
    to->bytes -= (int64_t)frame->chunk.len;
    from->body_left -= frame->chunk.len;
    to->ops->put(to, frame, body);
    if (x->answering && from == &x->responder && from->body_left == 0)
        over(x, REASON_NONE);
}

static const char *item_fault(const struct exchange *x, const struct bus_item *item)
{
    if (!x->stream)
        return "an item in answer to a request";
    if (x->responder.body_left)
        return "an item before the one before it was whole";
    if (x->caller.items <= 0 || (item->body.len && x->caller.bytes <= 0))
        return "an item without credit";
    return NULL;
}

static void pass_item(struct end *from, struct frame *frame, struct bytes *body)
{
    struct end *to = other(from);
    struct exchange *x = from->exchange;
    const char *fault = item_fault(x, &frame->item);
    if (fault || frame->item.body_bytes > x->bus->options.body_bytes) {
        broken(from, fault ? REASON_INVALID_ARGUMENT : REASON_TOO_LARGE,
               fault ? fault : "an item over the limit of a body");
        return;
    }
    to->items--;
    to->bytes -= (int64_t)frame->item.body.len;
    if (frame->item.body_bytes)
        from->body_left = frame->item.body_bytes - frame->item.body.len;
    to->ops->put(to, frame, body);
}

static void pass_answer(struct end *from, struct frame *frame, struct bytes *body)
{
    struct end *to = other(from);
    struct exchange *x = from->exchange;
    if (x->stream || x->answering) {
        broken(from, REASON_INVALID_ARGUMENT,
               x->stream ? "an answer to a subscription" : "a second answer");
        return;
    }
    if (frame->answer.body_bytes > x->bus->options.body_bytes) {
        broken(from, REASON_TOO_LARGE, "the answer is over the limit of a body");
        return;
    }
    if (frame->answer.body_bytes)
        from->body_left = frame->answer.body_bytes - frame->answer.body.len;
    x->answering = true;
    frame->answer.instance_id = text_span(x->instance->id);
    to->ops->put(to, frame, body);
    if (from->body_left == 0)
        over(x, REASON_NONE);
}

static void pass_end(struct end *from, struct frame *frame)
{
    struct end *to = other(from);
    struct exchange *x = from->exchange;
    if (!x->stream || from->body_left) {
        broken(from, REASON_INVALID_ARGUMENT, "an end where an answer or an item is due");
        return;
    }
    to->ops->put(to, frame, NULL);
    over(x, REASON_NONE);
}

/* What the responder says of its failure. One whose reason is not known here is passed on in words that are. */
static void pass_error(struct end *from, struct frame *frame)
{
    struct error error;
    struct exchange *x = from->exchange;
    if (error_decode(frame->error, &error) != REASON_NONE)
        error_set(&error, REASON_RESPONDER_LOST, "the responder has failed for an unknown reason");
    error.request_id[0] = '\0'; /* its caller's is photond's to give */
    put_error(&x->caller, &error);
    over(x, error.reason);
}

bool exchange_frame(struct end *from, struct frame *frame, struct bytes *body)
{
    bool caller = is_caller(from);
    switch (frame->kind) {
    case FRAME_CREDIT:
        pass_credit(from, frame);
        return true;
    case FRAME_CHUNK:
        pass_chunk(from, frame, body);
        return true;
    case FRAME_CANCEL:
        if (caller)
            exchange_lost(from);
        return caller;
    case FRAME_ANSWER:
        if (!caller)
            pass_answer(from, frame, body);
        return !caller;
    case FRAME_ITEM:
        if (!caller)
            pass_item(from, frame, body);
        return !caller;
    case FRAME_END:
        if (!caller)
            pass_end(from, frame);
        return !caller;
    case FRAME_ERROR:
        if (!caller)
            pass_error(from, frame);
        return !caller;
    default:
        return false;
    }
}

void exchange_credit(struct end *to, uint32_t items, uint64_t bytes)
{
    struct frame frame = {.kind = FRAME_CREDIT, .credit = {items, bytes}};
    pass_credit(to, &frame);
}

/* ---- bodies in pieces ---- */

static struct bytes *piece(struct bytes *whole, size_t at)
{
    size_t len = whole->len - at;
    return bytes_slice(
        whole, (struct span){whole->data + at, len < BUS_FRAME_BYTES ? len : BUS_FRAME_BYTES});
}

struct bytes *exchange_first(struct exchange_rest *rest, struct bytes *whole)
{
    *rest = (struct exchange_rest){NULL, 0};
    if (whole->len <= BUS_FRAME_BYTES)
        return bytes_ref(whole);
    struct bytes *first = piece(whole, 0);
    if (first)
        *rest = (struct exchange_rest){bytes_ref(whole), first->len};
    return first;
}

void exchange_go_on(struct end *from, struct exchange_rest *rest)
{
    struct exchange *x = from->exchange;
    exchange_ref(x);
    while (rest->whole && !x->over && other(from)->bytes > 0) {
        struct bytes *next = piece(rest->whole, rest->at);
        if (!next) {
            struct error error;
            error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
            error.maybe_applied = true;
            exchange_fail(x, &error);
            break;
        }
        rest->at += next->len;
        if (rest->at == rest->whole->len)
            exchange_rest_fini(rest);
        struct frame frame = {.kind = FRAME_CHUNK, .chunk = bytes_span(next)};
        exchange_frame(from, &frame, next);
        bytes_unref(next);
    }
    exchange_unref(x);
}

void exchange_rest_fini(struct exchange_rest *rest)
{
    bytes_unref(rest->whole);
    *rest = (struct exchange_rest){NULL, 0};
}
