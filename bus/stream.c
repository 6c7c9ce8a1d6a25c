/*
 * stream.c - see stream.h.
 *
 * The publisher is given credit for so much as one message holds; what gRPC has taken is given back to it. So a client that does not
 * read holds back the publisher, and here waits one message at most – and one item more, if it is a large one that comes in pieces: of
 * that, so much is paid back at once as the publisher lacks for the rest of it, so that it cannot begin another large one.
 */
#include "bus/stream.h"

#include <stdlib.h>

#include "bus/plain.h"
#include "wire/text.h"

enum { CREDIT_ITEMS = 60, CREDIT_BYTES = 256 * 1024, PARTS_MAX = 2 * CREDIT_ITEMS };

struct stream {
    struct task task;
    struct bus *bus;
    struct serve_call *call;
    struct end *end;                /* NULL: the exchange is over */
    struct bytes *parts[PARTS_MAX]; /* whole items that wait */
    size_t parts_len;
    uint32_t items, items_sending; /* to be given back */
    uint64_t bytes, bytes_sending;
    struct bytes *head; /* of the item that is put together */
    struct plain_body body;
    struct plain_failure failure;
    bool sending, finished;
};

/* ---- items ---- */

static void no_memory(struct stream *s)
{
    struct error error;
    error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
    plain_fail(&s->failure, &error);
    core_task(s->bus, &s->task);
}

/* The item is whole: its parts wait to be sent. */
static void item_whole(struct stream *s)
{
    s->parts[s->parts_len++] = s->head;
    if (s->body.bytes)
        s->parts[s->parts_len++] = s->body.bytes;
    s->head = NULL;
    s->body = (struct plain_body){NULL, 0};
    s->items++;
    core_task(s->bus, &s->task);
}

static void item_piece(struct stream *s, size_t len)
{
    bool whole = plain_body_whole(&s->body);
    int64_t left = whole ? 0 : (int64_t)(s->body.bytes->len - s->body.len);
    int64_t lacks = s->end ? left - s->end->bytes : 0;
    size_t paid = lacks <= 0 ? 0 : (uint64_t)lacks < len ? (size_t)lacks : len;
    s->bytes += len - paid; /* with the message */
    if (whole)
        item_whole(s);
    if (paid)
        exchange_credit(s->end, 0, paid);
}

static void item_begin(struct stream *s, const struct frame *frame, struct bytes *piece)
{
    static const uint8_t nothing[1];
    struct bus_item item = frame->item;
    uint64_t total = item.body_bytes;
    item.body_bytes = 0;
    if (total)
        item.body = (struct span){nothing, (size_t)total}; /* only its length counts */
    s->head = bus_item_head(&item);
    if (!s->head || !plain_body_begin(&s->body, piece, total)) {
        no_memory(s);
        return;
    }
    if (total) {
        item_piece(s, piece ? piece->len : 0);
        return;
    }
    s->bytes += s->body.len;
    item_whole(s);
}

static void put(struct end *end, struct frame *frame, struct bytes *body)
{
    struct stream *s = end->owner;
    if (frame->kind == FRAME_ERROR)
        plain_fail_frame(&s->failure, frame);
    else if (s->failure.reason)
        return;
    else if (frame->kind == FRAME_ITEM)
        item_begin(s, frame, body);
    else if (frame->kind == FRAME_CHUNK) {
        plain_body_add(&s->body, body);
        item_piece(s, body->len);
    }
}

static void over(struct end *end)
{
    struct stream *s = end->owner;
    s->end = NULL;
    core_task(s->bus, &s->task);
}

static const struct end_ops ops = {put, over};

/* ---- the call ---- */

static void send(struct stream *s)
{
    struct bus *bus = s->bus;
    struct bytes *parts[PARTS_MAX];
    size_t len = s->parts_len;
    for (size_t i = 0; i < len; i++)
        parts[i] = s->parts[i];
    s->parts_len = 0;
    s->items_sending = s->items;
    s->bytes_sending = s->bytes;
    s->items = 0;
    s->bytes = 0;
    s->sending = true;
    pthread_mutex_unlock(&bus->lock);
    serve_send(s->call, parts, len, false);
    for (size_t i = 0; i < len; i++)
        bytes_unref(parts[i]);
    pthread_mutex_lock(&bus->lock);
}

static void run(struct task *task)
{
    struct stream *s = (struct stream *)((char *)task - offsetof(struct stream, task));
    struct bus *bus = s->bus;
    if (s->sending || s->finished)
        return;
    if (s->parts_len && s->failure.reason != REASON_CALLER_GONE) {
        send(s);
        return;
    }
    if (s->failure.reason && s->end)
        exchange_lost(s->end);
    if (s->end)
        return;
    s->finished = true;
    plain_finish(bus, s->call, &s->failure);
}

static void sent(struct serve_call *call, bool ok)
{
    struct stream *s = serve_call_get(call);
    (void)ok; /* broken: lost follows */
    core_enter(s->bus);
    s->sending = false;
    if (s->end)
        exchange_credit(s->end, s->items_sending, s->bytes_sending);
    core_task(s->bus, &s->task);
    core_leave(s->bus);
}

static void lost(struct serve_call *call)
{
    struct stream *s = serve_call_get(call);
    struct error error;
    if (!s)
        return;
    error_set(&error, REASON_CALLER_GONE, "the client has gone");
    core_enter(s->bus);
    plain_failure_clear(&s->failure);
    plain_fail(&s->failure, &error);
    if (s->end)
        exchange_lost(s->end);
    core_task(s->bus, &s->task);
    core_leave(s->bus);
}

static void gone(struct serve_call *call)
{
    struct stream *s = serve_call_get(call);
    if (!s)
        return;
    core_enter(s->bus); /* its task may be queued once more: let it run */
    core_leave(s->bus);
    for (size_t i = 0; i < s->parts_len; i++)
        bytes_unref(s->parts[i]);
    bytes_unref(s->head);
    plain_body_clear(&s->body);
    plain_failure_clear(&s->failure);
    free(s);
}

static enum reason start(struct stream *s, struct bus_call *call, struct bytes *message,
                         struct error *error)
{
    struct exchange *x = exchange_new(s->bus);
    struct bytes *body = x && call->body.len ? bytes_slice(message, call->body) : NULL;
    if (!x || (call->body.len && !body)) {
        free(x);
        return error_set(error, REASON_BUSY, "photond is out of memory: retry later");
    }
    x->caller.ops = &ops;
    x->caller.owner = s;
    x->caller.call = s->call;
    s->end = &x->caller;
    enum reason reason = exchange_begin(x, call, body, error);
    bytes_unref(body);
    if (reason == REASON_NONE)
        return REASON_NONE;
    s->end = NULL;
    exchange_unref(x);
    return reason;
}

/* Arguments travel in one frame. */
static enum reason decode(struct bytes *message, struct bus_call *call, struct error *error)
{
    enum reason reason = bus_stream_decode(bytes_span(message), call, error);
    if (reason != REASON_NONE || call->body.len <= BUS_FRAME_BYTES)
        return reason;
    error_set(error, REASON_TOO_LARGE, "the arguments of a stream are over the limit of %d bytes",
              BUS_FRAME_BYTES);
    error->limit = BUS_FRAME_BYTES;
    return error->reason;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct bus *bus = service;
    struct bus_call request;
    struct error error;
    struct stream *s = calloc(1, sizeof *s);
    enum reason reason =
        s ? decode(message, &request, &error)
          : error_set(&error, REASON_BUSY, "photond is out of memory: retry later");
    serve_call_set(call, s);
    if (reason != REASON_NONE) {
        free(s);
        serve_call_set(call, NULL);
        serve_finish(call, &error);
        return;
    }
    s->bus = bus;
    s->call = call;
    s->task.run = run;
    request.timeout_ms = plain_left_ms(call);
    request.caller = text_span(serve_call_identity(call));
    request.credit_items = CREDIT_ITEMS;
    request.credit_bytes = CREDIT_BYTES;
    core_enter(bus);
    if (start(s, &request, message, &error) != REASON_NONE) {
        plain_fail(&s->failure, &error);
        core_task(bus, &s->task);
    }
    core_leave(bus);
}

const struct serve_method stream_method = {.path = "/muon.v1.BusService/Stream",
                                           .gives_stream = true,
                                           .begin = begin,
                                           .sent = sent,
                                           .lost = lost,
                                           .gone = gone};
