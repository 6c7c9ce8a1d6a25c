/*
 * sdk_emit.c - emits by libmuon: many in flight, and one at a time.
 */
#include <stdlib.h>

#include "bench/sdk_verbs.h"
#include "bench/workload.h"

enum { ITEMS = 256 };

struct emitter {
    muon_client *client;
    muon_queue *queue;
    struct workload workload;
    struct made *made;
    muon_event_in *events;
    uint64_t *begun_ns; /* by tag modulo window */
    uint64_t window, sent, answered, slice;
    uint64_t last_ns, slice_ns;
    struct samples answers, gaps;
};

static muon_event_in event_in(const struct workload *w, const struct made *made)
{
    return (muon_event_in){.stream = made->stream,
                           .type = "OrderPlaced",
                           .payload = made->payload,
                           .payload_len = w->payload_bytes,
                           .event_id = w->other_ids ? made->id : NULL};
}

static void emitter_send(struct emitter *e)
{
    muon_error error;
    for (uint64_t i = 0; i < e->workload.batch; i++) {
        workload_next(&e->workload, &e->made[i]);
        e->events[i] = event_in(&e->workload, &e->made[i]);
    }
    e->begun_ns[e->sent % e->window] = mono_ns();
    sdk_check(muon_emit_async(e->client, NULL, e->events, e->workload.batch, NULL, e->queue,
                              e->sent, &error),
              &error, "muon_emit_async");
    e->sent++;
}

static void emitter_slice(struct emitter *e, uint64_t now)
{
    uint64_t events = e->answered * e->workload.batch;
    if (e->slice == 0 || events % e->slice >= e->workload.batch)
        return;
    result_print("events", (double)events, "slice_per_s",
                 (double)e->slice * 1e9 / (double)(now - e->slice_ns), NULL);
    e->slice_ns = now;
}

static void emitter_drain(struct emitter *e)
{
    muon_item items[ITEMS];
    int32_t n =
        sdk_check(muon_queue_wait(e->queue, items, ITEMS, MUON_FOREVER), NULL, "muon_queue_wait");
    uint64_t now = mono_ns();
    samples_add(&e->gaps, (int64_t)(now - e->last_ns));
    e->last_ns = now;
    for (int32_t i = 0; i < n; i++) {
        sdk_check(items[i].status, items[i].error, "an emit");
        samples_add(&e->answers, (int64_t)(now - e->begun_ns[items[i].tag % e->window]));
        muon_item_clear(&items[i]);
        e->answered++;
        emitter_slice(e, now);
    }
}

void sdk_emit(const struct args *args)
{
    muon_error error;
    struct emitter e = {.client = sdk_open(args),
                        .workload = workload_new(args),
                        .window = args_number(args, "window", 16),
                        .slice = args_number(args, "slice", 0)};
    e.made = calloc(e.workload.batch, sizeof *e.made);
    e.events = calloc(e.workload.batch, sizeof *e.events);
    e.begun_ns = calloc(e.window, sizeof *e.begun_ns);
    if (!e.made || !e.events || !e.begun_ns)
        die("no memory");
    sdk_check(muon_queue_new(e.client, &e.queue, &error), &error, "muon_queue_new");
    uint64_t batches = args_number(args, "events", 100000) / e.workload.batch;
    uint64_t begin = e.last_ns = e.slice_ns = mono_ns();
    while (e.answered < batches) {
        while (e.sent < batches && e.sent - e.answered < e.window)
            emitter_send(&e);
        emitter_drain(&e);
    }
    double seconds = (double)(e.last_ns - begin) / 1e9;
    double count = (double)(batches * e.workload.batch);
    result_print("count", count, "seconds", seconds, "per_s", count / seconds, "p50_us",
                 samples_us(&e.answers, 0.5), "p99_us", samples_us(&e.answers, 0.99),
                 "max_pause_ms", samples_us(&e.gaps, 1) / 1e3, NULL);
}

void sdk_emit_one(const struct args *args)
{
    muon_error error;
    muon_client *client = sdk_open(args);
    struct workload workload = workload_new(args);
    struct samples samples = {0};
    uint64_t calls = args_number(args, "calls", 2000), begin = mono_ns(), from = begin;
    for (uint64_t i = 0; i < calls; i++) {
        struct made made;
        workload_next(&workload, &made);
        muon_event_in event = event_in(&workload, &made);
        sdk_check(muon_emit(client, NULL, &event, 1, NULL, NULL, &error), &error, "muon_emit");
        uint64_t now = mono_ns();
        samples_add(&samples, (int64_t)(now - from));
        from = now;
    }
    result_print_samples(&samples, seconds_since(begin));
}
