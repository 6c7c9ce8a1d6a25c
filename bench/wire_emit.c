/*
 * wire_emit.c - emits by the bare calls: one pipelined EmitStream, and many small callers of Emit.
 */
#include <stdlib.h>

#include "bench/dial.h"
#include "bench/wire_verbs.h"
#include "bench/workload.h"
#include "wire/codec.h"

/* ---- one pipelined call: everything runs on the one poller ---- */

enum { PARTS_MAX = 100, MESSAGE_BYTES = 256 * 1024 };

struct pipeline {
    struct cq_op begin; /* first: what cq_post gives back */
    struct dial dial;
    struct client_call *call;
    struct workload workload;
    uint64_t events, window, slice;
    uint64_t sent, answered; /* batches */
    uint64_t *begun_ns;      /* by number modulo window */
    bool sending;
    uint64_t begin_ns, last_ns, slice_ns;
    struct samples answers, gaps;
};

static void pipeline_fill(struct pipeline *p)
{
    struct bytes *parts[PARTS_MAX];
    size_t n = 0, bytes = 0;
    uint64_t batches = p->events / p->workload.batch;
    while (n < PARTS_MAX && bytes < MESSAGE_BYTES && p->sent < batches &&
           p->sent - p->answered < p->window) {
        struct bytes *request = workload_request(&p->workload, p->workload.batch);
        p->begun_ns[p->sent % p->window] = mono_ns();
        parts[n] = emit_stream_part(++p->sent, bytes_span(request));
        bytes += parts[n++]->len;
        bytes_unref(request);
    }
    if (n == 0)
        return;
    p->sending = true;
    client_call_send(p->call, parts, n, false);
    for (size_t i = 0; i < n; i++)
        bytes_unref(parts[i]);
}

static void pipeline_sent(struct client_call *call, bool ok)
{
    struct pipeline *p = client_call_user(call);
    p->sending = false;
    if (ok)
        pipeline_fill(p);
}

static void pipeline_answered(struct pipeline *p, uint64_t now)
{
    samples_add(&p->answers, (int64_t)(now - p->begun_ns[p->answered++ % p->window]));
    uint64_t events = p->answered * p->workload.batch;
    if (p->slice && events % p->slice < p->workload.batch) {
        result_print("events", (double)events, "slice_per_s",
                     (double)p->slice * 1e9 / (double)(now - p->slice_ns), NULL);
        p->slice_ns = now;
    }
    if (events >= p->events)
        sem_post(&p->dial.done);
}

static void pipeline_message(struct client_call *call, struct bytes *message)
{
    struct pipeline *p = client_call_user(call);
    if (!message)
        return;
    struct span rest = bytes_span(message), response, error;
    uint64_t number, now = mono_ns();
    samples_add(&p->gaps, (int64_t)(now - p->last_ns));
    p->last_ns = now;
    while (emit_result_next(&rest, &number, &response, &error) == 1) {
        if (error.data)
            die("emit %llu was refused", (unsigned long long)number);
        pipeline_answered(p, now);
    }
    if (!p->sending)
        pipeline_fill(p);
    client_call_read(call);
}

static void pipeline_finished(struct client_call *call, const struct error *status)
{
    struct pipeline *p = client_call_user(call);
    dial_check(status, "EmitStream");
    if (p->answered * p->workload.batch < p->events)
        die("EmitStream ended early");
}

static void pipeline_begin(struct cq_op *op, bool ok)
{
    (void)ok;
    struct pipeline *p = (struct pipeline *)op;
    pipeline_fill(p);
    client_call_read(p->call);
}

void wire_emit(const struct args *args)
{
    static const struct client_handler handler = {pipeline_message, pipeline_sent,
                                                  pipeline_finished};
    struct pipeline p = {.begin = {pipeline_begin},
                         .workload = workload_new(args),
                         .events = args_number(args, "events", 100000),
                         .window = args_number(args, "window", 16),
                         .slice = args_number(args, "slice", 0)};
    p.events -= p.events % p.workload.batch;
    p.begun_ns = calloc(p.window, sizeof *p.begun_ns);
    dial_open(&p.dial, args, 1);
    p.call = client_call_new(p.dial.channels[0], PHOTON "EmitStream", -1, true, &handler, &p);
    if (!p.call || !p.begun_ns)
        die("no memory");
    p.begin_ns = p.last_ns = p.slice_ns = mono_ns();
    cq_post(p.dial.cq, &p.begin);
    sem_wait(&p.dial.done);
    double seconds = (double)(p.last_ns - p.begin_ns) / 1e9;
    result_print("count", (double)p.events, "seconds", seconds, "per_s", (double)p.events / seconds,
                 "p50_us", samples_us(&p.answers, 0.5), "p99_us", samples_us(&p.answers, 0.99),
                 "max_pause_ms", samples_us(&p.gaps, 1) / 1e3, NULL);
}

/* ---- many small callers ---- */

struct writers {
    struct cq_op begin; /* first */
    struct dial dial;
    struct workload workload;
    struct samples samples;
    uint64_t end_ns;
    struct writer *writers;
    size_t len, left; /* those that still write */
};

struct writer {
    struct writers *all;
    struct channel *channel;
    uint64_t begun_ns;
};

static void writer_next(struct writer *writer);

static void writer_finished(struct client_call *call, const struct error *status)
{
    struct writer *writer = client_call_user(call);
    dial_check(status, "Emit");
    client_call_free(call);
    uint64_t now = mono_ns();
    samples_add(&writer->all->samples, (int64_t)(now - writer->begun_ns));
    if (now < writer->all->end_ns)
        writer_next(writer);
    else if (--writer->all->left == 0)
        sem_post(&writer->all->dial.done);
}

static void writer_next(struct writer *writer)
{
    static const struct client_handler handler = {dial_ignore_message, dial_ignore_sent,
                                                  writer_finished};
    struct bytes *request = workload_request(&writer->all->workload, 1);
    writer->begun_ns = mono_ns();
    struct client_call *call =
        client_call_new(writer->channel, PHOTON "Emit", 60000, true, &handler, writer);
    if (!call)
        die("no memory");
    client_call_ask(call, request);
    bytes_unref(request);
}

static void writers_begin(struct cq_op *op, bool ok)
{
    (void)ok;
    struct writers *all = (struct writers *)op;
    for (size_t i = 0; i < all->len; i++)
        writer_next(&all->writers[i]);
}

void wire_writers(const struct args *args)
{
    size_t len = args_number(args, "writers", 16);
    struct writers all = {.begin = {writers_begin},
                          .workload = workload_new(args),
                          .writers = calloc(len, sizeof *all.writers),
                          .len = len,
                          .left = len};
    dial_open(&all.dial, args, args_number(args, "connections", len));
    if (!all.writers)
        die("no memory");
    for (size_t i = 0; i < len; i++)
        all.writers[i] = (struct writer){&all, all.dial.channels[i % all.dial.len], 0};
    uint64_t begin = mono_ns();
    all.end_ns = begin + args_number(args, "seconds", 5) * 1000000000u;
    cq_post(all.dial.cq, &all.begin);
    sem_wait(&all.dial.done);
    result_print_samples(&all.samples, seconds_since(begin));
}
