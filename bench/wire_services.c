/*
 * wire_services.c - services by bare sessions: instances that answer at once, and who asks them.
 *
 * All of a program runs on one poller. What is to be said gathers in an outbox while a message is being written.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/dial.h"
#include "bench/wire_verbs.h"
#include "wire/outbox.h"
#include "wire/text.h"

enum { PARTS = 128, MESSAGE_BYTES = 256 * 1024, BODY_BYTES = 256 };

struct services {
    struct dial dial;
    struct bytes *body;
    uint64_t window, calls, begun, answered; /* asking; window: of each session */
    struct samples samples;                  /* with a window of one */
};

/* One session, which serves or asks. */
struct party {
    struct services *all;
    struct client_call *call;
    struct outbox outbox;
    bool sending, serves;
    uint64_t number, begun_ns;
};

static void flush(struct party *p)
{
    struct bytes *parts[PARTS];
    size_t n = p->sending ? 0 : outbox_take(&p->outbox, parts, PARTS, MESSAGE_BYTES);
    if (n == 0)
        return;
    p->sending = true;
    client_call_send(p->call, parts, n, false);
    for (size_t i = 0; i < n; i++)
        bytes_unref(parts[i]);
}

static void put(struct party *p, const struct frame *frame, struct bytes *body)
{
    if (!outbox_put(&p->outbox, NULL, frame, body))
        die("no memory");
}

static void ask(struct party *p)
{
    struct services *all = p->all;
    struct frame frame = {.kind = FRAME_CALL,
                          .call = {.url = text_span("rpc://bench/echo"),
                                   .body = bytes_span(all->body),
                                   .credit_bytes = 256 * 1024}};
    if (all->begun == all->calls)
        return;
    all->begun++;
    frame.exchange = p->number;
    p->number += 2;
    p->begun_ns = mono_ns();
    put(p, &frame, all->body);
}

static void answered(struct party *p)
{
    struct services *all = p->all;
    if (all->window == 1)
        samples_add(&all->samples, (int64_t)(mono_ns() - p->begun_ns));
    if (++all->answered == all->calls)
        sem_post(&all->dial.done);
    ask(p);
}

static void welcomed(struct party *p)
{
    const struct frame echo = {.kind = FRAME_ENDPOINT, .endpoint.path = text_span("/echo")};
    if (p->serves)
        put(p, &echo, NULL);
    else
        sem_post(&p->all->dial.done);
}

static void take(struct party *p, const struct frame *frame)
{
    struct frame out = {.exchange = frame->exchange, .kind = FRAME_ANSWER};
    switch (frame->kind) {
    case FRAME_WELCOME:
        welcomed(p);
        break;
    case FRAME_ENDPOINT_DONE:
        sem_post(&p->all->dial.done);
        break;
    case FRAME_CALL:
        out.answer = (struct bus_answer){.status = 200, .body = bytes_span(p->all->body)};
        put(p, &out, p->all->body);
        break;
    case FRAME_ANSWER:
        answered(p);
        break;
    case FRAME_BEAT:
        out.kind = FRAME_BEAT;
        put(p, &out, NULL);
        break;
    default:
        die("a frame of kind %d", frame->kind);
    }
}

static void message(struct client_call *call, struct bytes *message)
{
    struct party *p = client_call_user(call);
    struct frame frame;
    if (!message)
        return;
    struct span rest = bytes_span(message);
    while (frame_next(&rest, &frame, NULL) > 0)
        take(p, &frame);
    client_call_read(call);
    flush(p);
}

static void sent(struct client_call *call, bool ok)
{
    struct party *p = client_call_user(call);
    (void)ok;
    p->sending = false;
    flush(p);
}

static void finished(struct client_call *call, const struct error *status)
{
    (void)call;
    dial_check(status, "Connect");
    die("a session has ended");
}

/* A session for each connection, until all are welcome, or serve. */
static struct party *open_parties(struct services *all, const struct args *args, size_t len,
                                  bool serves)
{
    static const struct client_handler handler = {message, sent, finished};
    struct party *parties = calloc(len, sizeof *parties);
    all->body = bytes_new(BODY_BYTES);
    if (!parties || !all->body)
        die("no memory");
    for (size_t i = 0; i < BODY_BYTES; i++)
        all->body->data[i] = 'x';
    dial_open(&all->dial, args, len);
    for (size_t i = 0; i < len; i++) {
        char id[32];
        snprintf(id, sizeof id, "bench-%zu", i);
        struct frame hello = {.kind = FRAME_HELLO,
                              .hello = {.service = text_span(serves ? "bench" : ""),
                                        .instance_id = text_span(id),
                                        .epoch = 1,
                                        .max_in_flight = 4096}};
        parties[i] = (struct party){.all = all, .serves = serves, .number = 1};
        parties[i].call = client_call_new(all->dial.channels[i], "/muon.v1.BusService/Connect", -1,
                                          true, &handler, &parties[i]);
        if (!parties[i].call)
            die("no memory");
        put(&parties[i], &hello, NULL);
        client_call_read(parties[i].call);
        flush(&parties[i]);
    }
    for (size_t i = 0; i < len; i++)
        sem_wait(&all->dial.done);
    return parties;
}

void wire_serve(const struct args *args)
{
    struct services all = {0};
    open_parties(&all, args, args_number(args, "instances", 1), true);
    ready_wait();
}

/* On the poller, as everything else. */
struct start {
    struct cq_op op;
    struct party *parties;
    size_t len;
};

static void start(struct cq_op *op, bool ok)
{
    struct start *s = (struct start *)op;
    (void)ok;
    for (size_t i = 0; i < s->len; i++) {
        for (uint64_t n = 0; n < s->parties[i].all->window; n++)
            ask(&s->parties[i]);
        flush(&s->parties[i]);
    }
}

void wire_ask(const struct args *args)
{
    size_t len = args_number(args, "connections", 1);
    struct services all = {.window = args_number(args, "window", 1),
                           .calls = args_number(args, "calls", 10000)};
    struct start begin = {{start}, open_parties(&all, args, len, false), len};
    uint64_t begun_ns = mono_ns();
    cq_post(all.dial.cq, &begin.op);
    sem_wait(&all.dial.done);
    double seconds = seconds_since(begun_ns);
    if (all.window == 1)
        result_print_samples(&all.samples, seconds);
    else
        result_print("count", (double)all.calls, "per_s", (double)all.calls / seconds, NULL);
}
