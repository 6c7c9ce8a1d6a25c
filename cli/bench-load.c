/*
 * bench-load.c - one thread: what is due is sent, what has come is counted, and between them it waits for whichever is next.
 */
#include "cli/bench.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/interrupts.h"
#include "cli/say.h"

enum { ITEMS = 256, SECOND_NS = 1000000000 };

struct load {
    struct bench *bench;
    muon_client *client;
    muon_queue *queue;
    int interrupt; /* -1: has come */
    int64_t begin_ns, end_ns;
    uint64_t under_way;
    int64_t *since_ns;    /* of each place: when it was due, or sent */
    uint64_t *free_place; /* the first in_flight - under_way of these are free */
    char *payload;
    muon_event_in *events;
    char stream[BENCH_PREFIX_BYTES + 32];
};

int64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* ---- what is sent ---- */

/* {"bench":"xxx…"} of this many bytes. */
static char *make_payload(uint64_t bytes)
{
    static const char head[] = "{\"bench\":\"", tail[] = "\"}";
    char *payload = malloc(bytes + 1);
    if (!payload)
        return NULL;
    memset(payload, 'x', bytes);
    memcpy(payload, head, strlen(head));
    memcpy(payload + bytes - strlen(tail), tail, strlen(tail) + 1);
    return payload;
}

static bool prepare(struct load *l)
{
    struct bench *b = l->bench;
    l->since_ns = calloc(b->in_flight, sizeof(*l->since_ns));
    l->free_place = calloc(b->in_flight, sizeof(*l->free_place));
    l->events = calloc(b->batch, sizeof(*l->events));
    l->payload = make_payload(b->payload_bytes);
    if (!l->since_ns || !l->free_place || !l->events || !l->payload)
        return false;
    for (uint64_t i = 0; i < b->in_flight; i++)
        l->free_place[i] = i;
    for (uint64_t i = 0; i < b->batch; i++)
        l->events[i] = (muon_event_in){
            .type = "Bench", .payload = l->payload, .payload_len = b->payload_bytes};
    return true;
}

/* When the next one is due; without a rate: now. */
static int64_t due_ns(const struct load *l, int64_t now_ns)
{
    const struct bench *b = l->bench;
    if (!b->rate)
        return now_ns;
    return l->begin_ns + (int64_t)((double)b->sent * SECOND_NS / (double)b->rate);
}

static bool emits(const struct bench *b)
{
    return strcmp(b->what, "emit") == 0;
}

static int32_t send_one(struct load *l, uint64_t place, muon_error *error)
{
    struct bench *b = l->bench;
    if (!emits(b)) {
        const muon_request_opts opts = {.timeout_ms = connect_timeout_ms(b->args)};
        return muon_request_async(l->client, b->url, l->payload, b->payload_bytes, &opts, l->queue,
                                  place, error);
    }
    const muon_emit_opts opts = {.timeout_ms = connect_timeout_ms(b->args)};
    snprintf(l->stream, sizeof(l->stream), "%s/%llu", b->prefix,
             (unsigned long long)(b->sent % b->streams));
    return muon_emit_async(l->client, l->stream, l->events, b->batch, &opts, l->queue, place,
                           error);
}

/* All that is due and has room. False: it cannot be sent at all, b->error says why. */
static bool send_due(struct load *l, int64_t now_ns)
{
    struct bench *b = l->bench;
    while (l->under_way < b->in_flight) {
        int64_t due = due_ns(l, now_ns);
        if (due > now_ns || due >= l->end_ns)
            return true;
        uint64_t place = l->free_place[b->in_flight - l->under_way - 1];
        l->since_ns[place] = due;
        int32_t status = send_one(l, place, &b->error);
        if (status == MUON_EAGAIN)
            return true;
        if (status != MUON_OK)
            return false;
        b->sent++;
        l->under_way++;
        now_ns = bench_now_ns();
    }
    return true;
}

/* ---- what comes ---- */

static void count(struct load *l, const muon_item *item, int64_t now_ns)
{
    struct bench *b = l->bench;
    l->under_way--;
    l->free_place[b->in_flight - l->under_way - 1] = item->tag;
    if (item->status == MUON_OK) {
        histogram_add(&b->times, (uint64_t)(now_ns - l->since_ns[item->tag]));
        b->done++;
        b->events += emits(b) ? b->batch : 0;
        b->bytes += b->batch * b->payload_bytes;
    } else if (b->failed++ == 0) {
        b->error = *item->error;
    }
}

static void take(struct load *l)
{
    muon_item items[ITEMS];
    int32_t n;
    while ((n = muon_queue_wait(l->queue, items, ITEMS, 0)) > 0) {
        int64_t now_ns = bench_now_ns();
        for (int32_t i = 0; i < n; i++) {
            count(l, &items[i], now_ns);
            muon_item_clear(&items[i]);
        }
    }
}

/* Until something has come, Ctrl-C, or this moment. */
static void wait_until(struct load *l, int64_t until_ns)
{
    int64_t left_ns = until_ns - bench_now_ns();
    struct timespec left = {.tv_sec = left_ns / SECOND_NS, .tv_nsec = left_ns % SECOND_NS};
    struct pollfd fds[] = {{.fd = (int)muon_queue_fd(l->queue), .events = POLLIN},
                           {.fd = l->interrupt, .events = POLLIN}};
    if (left_ns <= 0)
        left = (struct timespec){0};
    if (ppoll(fds, 2, &left, NULL) > 0 && (fds[1].revents & POLLIN)) {
        interrupts_take(&l->interrupt);
        l->bench->interrupted = true;
        l->end_ns = bench_now_ns();
    }
}

/* ---- the whole ---- */

static bool run(struct load *l)
{
    struct bench *b = l->bench;
    int64_t now_ns;
    while ((now_ns = bench_now_ns()) < l->end_ns) {
        if (!send_due(l, now_ns))
            return false;
        int64_t due = due_ns(l, now_ns);
        wait_until(l, l->under_way < b->in_flight && due < l->end_ns && b->rate ? due : l->end_ns);
        take(l);
    }
    if (!send_due(l, now_ns)) /* what was due before the end */
        return false;
    b->seconds = (double)(l->end_ns - l->begin_ns) / SECOND_NS;
    if (b->rate) {
        int64_t ran_ns = l->end_ns - l->begin_ns;
        uint64_t were_due = (uint64_t)ceil((double)ran_ns * (double)b->rate / SECOND_NS);
        b->behind = were_due > b->sent ? were_due - b->sent : 0;
    }
    int64_t patience_ns = bench_now_ns() + (int64_t)connect_timeout_ms(b->args) * 1000000;
    while (l->under_way > 0 && bench_now_ns() < patience_ns) {
        wait_until(l, patience_ns);
        take(l);
    }
    b->unanswered = l->under_way;
    return true;
}

bool bench_load(struct bench *b, muon_client *client, int *code)
{
    struct load l = {.bench = b, .client = client, .interrupt = interrupts_open(true)};
    bool ok = l.interrupt >= 0 && prepare(&l);
    if (!ok)
        *code = say_failure(b->args, EXIT_FAILED, NULL, "out of memory, or of file descriptors");
    else if (muon_queue_new(client, &l.queue, &b->error) != MUON_OK)
        ok = false, *code = say_error(b->args, &b->error);
    if (ok) {
        l.begin_ns = bench_now_ns();
        l.end_ns = l.begin_ns + b->duration_ms * 1000000;
        ok = run(&l);
        if (!ok)
            *code = say_error(b->args, &b->error);
    }
    if (l.interrupt >= 0)
        close(l.interrupt);
    muon_queue_free(l.queue);
    free(l.since_ns);
    free(l.free_place);
    free(l.events);
    free(l.payload);
    return ok;
}
