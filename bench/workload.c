/*
 * workload.c - see workload.h.
 */
#include "bench/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/codec.h"

static enum spread spread_of(const char *text)
{
    static const char *const names[] = {"batch", "event", "round", "tenth"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum spread)i;
    die("spread=%s: batch, event, round or tenth", text);
}

struct workload workload_new(const struct args *args)
{
    struct workload w = {.streams = args_number(args, "streams", 1),
                         .batch = args_number(args, "batch", 100),
                         .payload_bytes = args_number(args, "bytes", 256),
                         .spread = spread_of(args_text(args, "spread", "batch")),
                         .other_ids = args_number(args, "ids", 7) != 7,
                         .prefix = args_text(args, "prefix", "order"),
                         .random = args_number(args, "seed", 1)};
    if (w.payload_bytes > sizeof((struct made *)0)->payload || w.payload_bytes < 24)
        die("bytes: 24 to 1024");
    w.prefix_len = strlen(w.prefix);
    if (w.prefix_len > 32)
        die("prefix: at most 32 bytes");
    /* Ids differ from run to run, or the second would be a duplicate of the first. */
    w.id_random = mono_ns() ^ ((uint64_t)getpid() << 40);
    return w;
}

static uint64_t stream_number(struct workload *w)
{
    switch (w->spread) {
    case SPREAD_BATCH:
        return w->n / w->batch % w->streams;
    case SPREAD_ROUND:
        return w->n % w->streams;
    case SPREAD_TENTH:
        if (w->n % 10 == 0)
            return 0;
        return 1 + random_next(&w->random) % (w->streams - 1);
    case SPREAD_EVENT:
        break;
    }
    return random_next(&w->random) % w->streams;
}

/* Decimal, as long as it needs to be; snprintf would cost as much as the rest of the event. */
static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t len = 0;
    do
        digits[len++] = (char)('0' + number % 10);
    while (number /= 10);
    while (len)
        *at++ = digits[--len];
    return at;
}

void workload_stream(const struct workload *w, uint64_t number, char out[64])
{
    char *at = out + w->prefix_len;
    memcpy(out, w->prefix, w->prefix_len);
    *at++ = '-';
    *put_number(at, number) = '\0';
}

static void id_other(struct workload *w, char out[UUID_BYTES + 1])
{
    uint64_t a = random_next(&w->id_random), b = random_next(&w->id_random);
    snprintf(out, UUID_BYTES + 1, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 52),
             b & 0xffffffffffff);
}

void workload_next(struct workload *w, struct made *made)
{
    workload_stream(w, stream_number(w), made->stream);
    if (w->other_ids)
        id_other(w, made->id);
    else
        uuid7_new(made->id);
    memset(made->payload, 'x', w->payload_bytes);
    put_number(made->payload, w->n);
    w->n++;
}

static struct span text_span(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

struct event workload_event(const struct workload *w, const struct made *made)
{
    return (struct event){.stream_name = text_span(made->stream),
                          .event_type = text_span("OrderPlaced"),
                          .event_id = text_span(made->id),
                          .payload = {(const uint8_t *)made->payload, w->payload_bytes}};
}

struct bytes *workload_request(struct workload *w, uint64_t batch)
{
    struct made *made = malloc(batch * sizeof *made);
    struct event *events = calloc(batch, sizeof *events);
    if (!made || !events)
        die("no memory");
    for (uint64_t i = 0; i < batch; i++) {
        workload_next(w, &made[i]);
        events[i] = workload_event(w, &made[i]);
    }
    struct emit_request request = {.events = events, .events_len = batch};
    struct bytes *encoded = emit_request_encode(&request);
    if (!encoded)
        die("no memory");
    free(events);
    free(made);
    return encoded;
}
