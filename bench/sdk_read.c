/*
 * sdk_read.c - reading by libmuon: a whole replay, loads of aggregates, and what comes live.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sdk_verbs.h"
#include "bench/workload.h"

/* ---- one whole replay ---- */

struct seen {
    uint64_t events, bytes;
    int64_t last_order_id;
};

static void seen_batch(struct seen *seen, const muon_batch *batch)
{
    size_t len = muon_batch_count(batch);
    for (size_t i = 0; i < len; i++) {
        const muon_event *event = muon_batch_at(batch, i);
        if (event->order_id <= seen->last_order_id)
            die("order id %lld came after %lld", (long long)event->order_id,
                (long long)seen->last_order_id);
        seen->last_order_id = event->order_id;
        seen->bytes += event->payload.len;
    }
    seen->events += len;
}

void sdk_replay(const struct args *args)
{
    muon_error error;
    muon_client *client = sdk_open(args);
    muon_sub *sub;
    muon_sub_opts opts = {.mode = MUON_COLD,
                          .prefetch = (uint32_t)args_number(args, "prefetch", 0)};
    struct seen seen = {0};
    uint64_t begin = mono_ns();
    sdk_check(muon_subscribe(client, args_text(args, "stream", "__all__"), &opts, &sub, &error),
              &error, "muon_subscribe");
    muon_batch *batch;
    while (sdk_check(muon_sub_next(sub, &batch, MUON_FOREVER, &error), &error, "muon_sub_next") !=
           MUON_END) {
        seen_batch(&seen, batch);
        muon_batch_free(batch);
    }
    double seconds = seconds_since(begin);
    uint64_t expected = args_number(args, "events", seen.events);
    if (seen.events != expected)
        die("%llu events came instead of %llu", (unsigned long long)seen.events,
            (unsigned long long)expected);
    result_print("count", (double)seen.events, "payload_bytes", (double)seen.bytes, "seconds",
                 seconds, "per_s", (double)seen.events / seconds, NULL);
}

/* ---- aggregates ---- */

static int32_t apply(void *state, const muon_event *event)
{
    *(uint64_t *)state += event->payload.len > 0;
    return 0;
}

void sdk_load(const struct args *args)
{
    muon_error error;
    muon_client *client = sdk_open(args);
    struct workload workload = workload_new(args);
    struct samples samples = {0};
    uint64_t calls = args_number(args, "calls", 5000), per = args_number(args, "per", 20);
    uint64_t random = 7, begin = mono_ns(), from = begin;
    for (uint64_t i = 0; i < calls; i++) {
        char stream[64];
        uint64_t state = 0;
        int64_t version = 0;
        workload_stream(&workload, random_next(&random) % workload.streams, stream);
        sdk_check(muon_load(client, stream, apply, &state, &version, 0, &error), &error,
                  "muon_load");
        if (state != per)
            die("%s has %llu events", stream, (unsigned long long)state);
        uint64_t now = mono_ns();
        samples_add(&samples, (int64_t)(now - from));
        from = now;
    }
    result_print_samples(&samples, seconds_since(begin));
}

/* ---- live ---- */

struct live {
    muon_sub *sub;
    uint64_t calls;
    uint64_t *sent_ns, *acked_ns, *seen_ns; /* by version - 1 */
};

static void *live_follow(void *user)
{
    struct live *live = user;
    muon_error error;
    for (uint64_t n = 0; n < live->calls;) {
        muon_batch *batch;
        sdk_check(muon_sub_next(live->sub, &batch, MUON_FOREVER, &error), &error, "muon_sub_next");
        uint64_t now = mono_ns();
        for (size_t i = 0; i < muon_batch_count(batch); i++, n++)
            live->seen_ns[muon_batch_at(batch, i)->version - 1] = now;
        muon_batch_free(batch);
    }
    return NULL;
}

static void live_emit(struct live *live, muon_client *client, const char *stream)
{
    muon_error error;
    static const char payload[256] = "{}";
    for (uint64_t i = 0; i < live->calls; i++) {
        muon_event_in event = {.type = "Tick", .payload = payload, .payload_len = sizeof payload};
        live->sent_ns[i] = mono_ns();
        sdk_check(muon_emit(client, stream, &event, 1, NULL, NULL, &error), &error, "muon_emit");
        live->acked_ns[i] = mono_ns();
    }
}

void sdk_live(const struct args *args)
{
    muon_error error;
    muon_client *emitter = sdk_open(args), *follower = sdk_open(args);
    struct live live = {.calls = args_number(args, "calls", 2000)};
    live.sent_ns = calloc(live.calls * 3, sizeof(uint64_t));
    if (!live.sent_ns)
        die("no memory");
    live.acked_ns = live.sent_ns + live.calls;
    live.seen_ns = live.acked_ns + live.calls;
    char stream[37];
    muon_event_id_new(stream); /* a stream of its own */
    sdk_check(muon_subscribe(follower, stream, NULL, &live.sub, &error), &error, "muon_subscribe");
    pthread_t thread;
    if (pthread_create(&thread, NULL, live_follow, &live) != 0)
        die("no thread");
    live_emit(&live, emitter, stream);
    pthread_join(thread, NULL);
    struct samples acked = {0}, sent = {0}, delivery = {0};
    for (uint64_t i = 0; i < live.calls; i++) {
        samples_add(&sent, (int64_t)(live.acked_ns[i] - live.sent_ns[i]));
        samples_add(&acked, (int64_t)(live.seen_ns[i] - live.acked_ns[i]));
        samples_add(&delivery, (int64_t)(live.seen_ns[i] - live.sent_ns[i]));
    }
    result_print("emit_p50_us", samples_us(&sent, 0.5), "acked_to_seen_p50_us",
                 samples_us(&acked, 0.5), "acked_to_seen_p99_us", samples_us(&acked, 0.99),
                 "emit_to_seen_p50_us", samples_us(&delivery, 0.5), "emit_to_seen_p99_us",
                 samples_us(&delivery, 0.99), NULL);
}
