/*
 * wire_read.c - reading by the bare calls: a whole replay, cold loads, and many subscribers that wait or are stuck.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/dial.h"
#include "bench/wire_verbs.h"
#include "bench/workload.h"
#include "wire/codec.h"

static struct span text_span(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static struct bytes *request_cold(const char *stream, bool page)
{
    struct subscribe_request request = {.stream_name = text_span(stream), .type = STREAM_COLD};
    struct bytes *encoded =
        page ? read_request_encode(&request) : subscribe_request_encode(&request);
    if (!encoded)
        die("no memory");
    return encoded;
}

static uint64_t count_events(struct span rest)
{
    struct part part;
    uint64_t count = 0;
    int got;
    while ((got = part_next(&rest, &part)) == 1)
        count += part.kind == PART_EVENT;
    if (got < 0)
        die("a malformed message");
    return count;
}

/* ---- one whole replay ---- */

struct replay {
    struct dial dial;
    uint64_t bytes, messages, events;
    bool count;
};

static void replay_message(struct client_call *call, struct bytes *message)
{
    struct replay *replay = client_call_user(call);
    if (!message)
        return;
    replay->bytes += message->len;
    replay->messages++;
    if (replay->count)
        replay->events += count_events(bytes_span(message));
    client_call_read(call);
}

static void replay_finished(struct client_call *call, const struct error *status)
{
    struct replay *replay = client_call_user(call);
    dial_check(status, "Subscribe");
    sem_post(&replay->dial.done);
}

static void replay_run(struct replay *replay, struct bytes *request)
{
    static const struct client_handler handler = {replay_message, dial_ignore_sent,
                                                  replay_finished};
    replay->bytes = replay->messages = replay->events = 0;
    struct client_call *call =
        client_call_new(replay->dial.channels[0], PHOTON "Subscribe", -1, true, &handler, replay);
    if (!call)
        die("no memory");
    client_call_ask(call, request);
    sem_wait(&replay->dial.done);
    client_call_free(call);
}

void wire_replay(const struct args *args)
{
    struct replay replay = {.count = false};
    dial_open(&replay.dial, args, 1);
    struct bytes *request = request_cold(args_text(args, "stream", "__all__"), false);
    uint64_t begin = mono_ns();
    replay_run(&replay, request);
    double seconds = seconds_since(begin);
    double bytes = (double)replay.bytes, messages = (double)replay.messages;
    replay.count = true;
    replay_run(&replay, request); /* not timed: is it right? */
    uint64_t expected = args_number(args, "events", replay.events);
    if (replay.events != expected)
        die("%llu events came instead of %llu", (unsigned long long)replay.events,
            (unsigned long long)expected);
    result_print("count", (double)replay.events, "bytes", bytes, "messages", messages, "seconds",
                 seconds, "per_s", (double)replay.events / seconds, "mb_per_s",
                 bytes / 1e6 / seconds, NULL);
}

/* ---- cold loads, one after the other ---- */

struct load {
    struct cq_op begin; /* first: what cq_post gives back */
    struct dial dial;
    struct workload workload;
    const char *path;
    bool page;
    uint64_t calls, made, per, events, random, begun_ns;
    struct samples samples;
};

static void load_next(struct load *load);

static void load_message(struct client_call *call, struct bytes *message)
{
    struct load *load = client_call_user(call);
    if (!message)
        return;
    load->events += count_events(bytes_span(message));
    client_call_read(call);
}

static void load_finished(struct client_call *call, const struct error *status)
{
    struct load *load = client_call_user(call);
    dial_check(status, load->path);
    samples_add(&load->samples, (int64_t)(mono_ns() - load->begun_ns));
    client_call_free(call);
    if (load->events != load->per)
        die("a stream has %llu events", (unsigned long long)load->events);
    if (++load->made < load->calls)
        load_next(load);
    else
        sem_post(&load->dial.done);
}

static void load_next(struct load *load)
{
    static const struct client_handler handler = {load_message, dial_ignore_sent, load_finished};
    char stream[64];
    workload_stream(&load->workload, random_next(&load->random) % load->workload.streams, stream);
    struct bytes *request = request_cold(stream, load->page);
    load->events = 0;
    load->begun_ns = mono_ns();
    struct client_call *call =
        client_call_new(load->dial.channels[0], load->path, 30000, true, &handler, load);
    if (!call)
        die("no memory");
    client_call_ask(call, request);
    bytes_unref(request);
}

static void load_begin(struct cq_op *op, bool ok)
{
    (void)ok;
    load_next((struct load *)op);
}

void wire_load(const struct args *args)
{
    bool page = strcmp(args_text(args, "call", "Subscribe"), "Read") == 0;
    struct load load = {.begin = {load_begin},
                        .workload = workload_new(args),
                        .path = page ? PHOTON "Read" : PHOTON "Subscribe",
                        .page = page,
                        .calls = args_number(args, "calls", 5000),
                        .per = args_number(args, "per", 20),
                        .random = 7};
    dial_open(&load.dial, args, 1);
    uint64_t begin = mono_ns();
    cq_post(load.dial.cq, &load.begin);
    sem_wait(&load.dial.done);
    result_print_samples(&load.samples, seconds_since(begin));
}

/* ---- many subscribers ---- */

struct subscribers {
    struct dial dial;
};

static void subscriber_message(struct client_call *call, struct bytes *message)
{
    struct subscribers *all = client_call_user(call);
    if (!message)
        return;
    struct span rest = bytes_span(message);
    struct part part;
    while (part_next(&rest, &part) == 1)
        if (part.kind == PART_CAUGHT_UP)
            sem_post(&all->dial.done);
    client_call_read(call);
}

static void subscriber_finished(struct client_call *call, const struct error *status)
{
    (void)call;
    dial_check(status, "Subscribe");
}

void wire_subscribers(const struct args *args)
{
    static const struct client_handler handler = {subscriber_message, dial_ignore_sent,
                                                  subscriber_finished};
    struct subscribers all;
    size_t len = args_number(args, "subscribers", 1000);
    bool stuck = args_number(args, "stuck", 0) != 0;
    struct subscribe_request request = {.stream_name =
                                            text_span(args_text(args, "stream", "__all__")),
                                        .type = stuck ? STREAM_HOT_COLD : STREAM_HOT};
    struct bytes *encoded = subscribe_request_encode(&request);
    dial_open(&all.dial, args, args_number(args, "connections", 10));
    for (size_t i = 0; i < len; i++) {
        struct client_call *call = client_call_new(all.dial.channels[i % all.dial.len],
                                                   PHOTON "Subscribe", -1, true, &handler, &all);
        if (!call)
            die("no memory");
        client_call_send(call, &encoded, 1, true);
        if (!stuck)
            client_call_read(call);
    }
    for (size_t i = 0; i < len && !stuck; i++)
        sem_wait(&all.dial.done);
    ready_wait();
}
