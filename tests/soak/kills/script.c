/*
 * script.c - see script.h.
 */
#include "tests/soak/kills/script.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD_MAX = 256 * 1024, AGAIN = 8, BURST_MAX = 64 };

static const char *const names[STREAMS] = {"orders/1", "orders/2", "stock", "large/1", "large/2"};

void broken(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("broken: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    exit(1);
}

/* ---- events ---- */

/* The payload's bytes depend on the event, so that none can stand for another. */
static void fill(char *payload, const struct told *event)
{
    int head = snprintf(payload, PAYLOAD_MAX, "%s in %s:", event->id, names[event->stream]);
    for (size_t i = (size_t)head; i < event->payload; i++)
        payload[i] = (char)('a' + (i * 31 + (size_t)event->version * 7) % 26);
}

static struct told *next_event(struct script *s, int stream, size_t payload)
{
    if (s->len == EVENTS_MAX || payload > PAYLOAD_MAX || payload < 64)
        abort();
    struct told *event = &s->events[s->len];
    *event = (struct told){.stream = stream, .payload = payload, .version = ++s->versions[stream]};
    snprintf(event->id, sizeof event->id, "event-%zu", s->len++);
    return event;
}

static void free_payloads(muon_event_in *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)in[i].payload);
    free(in);
}

static muon_event_in *inputs(const struct told *events, size_t n)
{
    muon_event_in *in = calloc(n, sizeof *in);
    for (size_t i = 0; in && i < n; i++) {
        char *payload = malloc(PAYLOAD_MAX);
        if (!payload)
            abort();
        fill(payload, &events[i]);
        in[i] = (muon_event_in){.type = "Scripted",
                                .event_id = events[i].id,
                                .content_type = "text/plain",
                                .payload = payload,
                                .payload_len = events[i].payload};
    }
    if (!in)
        abort();
    return in;
}

static void note(const struct script *s, struct told *last, int64_t version, int64_t order_id)
{
    const struct told *before = last;
    while (before > s->events && !before[-1].order_id)
        before--;
    if (version != last->version)
        broken("%s was acknowledged as version %" PRId64 " of %s, which must be %" PRId64, last->id,
               version, names[last->stream], last->version);
    if (before > s->events && order_id <= before[-1].order_id)
        broken("%s got order id %" PRId64 ", after %" PRId64, last->id, order_id,
               before[-1].order_id);
    last->order_id = order_id;
}

/* ---- steps ---- */

static bool may_go_on(const muon_error *error)
{
    return error->flags & (MUON_RETRYABLE | MUON_MAYBE_APPLIED);
}

static muon_emit_result emit(const struct script *s, const struct told *events, size_t n,
                             const muon_emit_opts *opts)
{
    muon_event_in *in = inputs(events, n);
    muon_emit_result result;
    muon_error error;
    while (muon_emit(s->client, names[events->stream], in, n, opts, &result, &error) != MUON_OK)
        if (!may_go_on(&error))
            broken("%s could not be emitted: %s", events->id, error.message);
    free_payloads(in, n);
    return result;
}

void script_batch(struct script *s, int stream, size_t n, size_t payload, bool expect)
{
    const muon_expect at = {.kind = MUON_EXPECT_VERSION, .version = s->versions[stream]};
    const muon_emit_opts opts = {
        .expects = expect ? &at : NULL, .expects_len = expect, .timeout_ms = WAIT_MS};
    struct told *first = &s->events[s->len], *last = NULL;
    for (size_t i = 0; i < n; i++)
        last = next_event(s, stream, payload);
    muon_emit_result result = emit(s, first, n, &opts);
    note(s, last, result.version, result.order_id);
}

/* An outcome that is unknown is made known by sending all of the rest again, in its order. */
void script_burst(struct script *s, int stream, size_t n, size_t payload)
{
    const muon_emit_opts opts = {.timeout_ms = WAIT_MS};
    struct told *first = &s->events[s->len];
    for (size_t i = 0; i < n; i++)
        next_event(s, stream, payload);
    muon_event_in *in = inputs(first, n);
    for (size_t i = 0; i < n; i++)
        if (muon_emit_async(s->client, names[stream], &in[i], 1, &opts, s->queue, i, NULL) !=
            MUON_OK)
            abort();
    bool unknown[BURST_MAX] = {false};
    for (size_t left = n; left > 0;) {
        muon_item item;
        if (muon_queue_wait(s->queue, &item, 1, WAIT_MS + 60000) != 1)
            broken("an emit did not end by its deadline");
        if (item.status == MUON_OK)
            note(s, &first[item.tag], item.version, item.order_id);
        else if (may_go_on(item.error))
            unknown[item.tag] = true;
        else
            broken("%s could not be emitted: %s", first[item.tag].id, item.error->message);
        muon_item_clear(&item);
        left--;
    }
    free_payloads(in, n);
    for (size_t i = 0; i < n; i++)
        if (unknown[i]) {
            muon_emit_result result = emit(s, &first[i], 1, &opts);
            note(s, &first[i], result.version, result.order_id);
        }
}

void script_delete(struct script *s, int stream)
{
    muon_error error;
    while (muon_delete(s->client, names[stream], NULL, WAIT_MS, NULL, &error) != MUON_OK)
        if (!may_go_on(&error))
            broken("%s could not be deleted: %s", names[stream], error.message);
    for (size_t i = 0; i < s->len; i++)
        s->events[i].deleted |= s->events[i].stream == stream;
}

/* ---- the check ---- */

static bool is(muon_str text, const char *wanted)
{
    return strcmp(text.ptr, wanted) == 0;
}

static void compare(const struct told *told, const muon_event *event)
{
    static char payload[PAYLOAD_MAX];
    fill(payload, told);
    if (!is(event->event_id, told->id))
        broken("at order id %" PRId64 " stands %s where %s must be", event->order_id,
               event->event_id.ptr, told->id);
    if (!is(event->stream, names[told->stream]) || event->version != told->version)
        broken("%s stands in %s at version %" PRId64 ", not in %s at %" PRId64, told->id,
               event->stream.ptr, event->version, names[told->stream], told->version);
    if (told->order_id && event->order_id != told->order_id)
        broken("%s has order id %" PRId64 " and was acknowledged with %" PRId64, told->id,
               event->order_id, told->order_id);
    if (event->payload.len != told->payload ||
        memcmp(event->payload.ptr, payload, told->payload) != 0)
        broken("%s has another payload", told->id);
}

static size_t skip_deleted(const struct script *s, size_t at)
{
    while (at < s->len && s->events[at].deleted)
        at++;
    return at;
}

static void check_log(const struct script *s)
{
    const muon_sub_opts opts = {.mode = MUON_COLD};
    muon_sub *sub;
    muon_batch *batch;
    muon_error error;
    size_t at = skip_deleted(s, 0);
    int64_t last = 0;
    int32_t status = muon_subscribe(s->client, "__all__", &opts, &sub, &error);
    while (status == MUON_OK && (status = muon_sub_next(sub, &batch, WAIT_MS, &error)) == MUON_OK) {
        for (size_t i = 0; i < muon_batch_count(batch); i++) {
            const muon_event *event = muon_batch_at(batch, i);
            if (event->order_id <= last)
                broken("order id %" PRId64 " comes after %" PRId64, event->order_id, last);
            last = event->order_id;
            if (strncmp(event->stream.ptr, "__", 2) == 0)
                continue;
            if (at == s->len)
                broken("%s was never acknowledged, or stands twice", event->event_id.ptr);
            compare(&s->events[at], event);
            at = skip_deleted(s, at + 1);
        }
        muon_batch_free(batch);
    }
    if (status != MUON_END)
        broken("the log cannot be read: %s", error.message);
    if (at < s->len)
        broken("the log ends before %s, which was acknowledged", s->events[at].id);
    muon_sub_free(sub);
}

static void check_again(const struct script *s)
{
    const muon_emit_opts opts = {.timeout_ms = WAIT_MS};
    size_t left = AGAIN;
    for (size_t i = s->len; i-- > 0 && left > 0;) {
        const struct told *event = &s->events[i];
        if (!event->order_id ||
            (i > 0 && !event[-1].order_id)) /* of a batch: it is sent as a whole or not at all */
            continue;
        muon_emit_result result = emit(s, event, 1, &opts);
        if (!(result.flags & MUON_DUPLICATE) || result.version != event->version ||
            result.order_id != event->order_id)
            broken("%s, sent again, was stored again", event->id);
        left--;
    }
}

void script_check(struct script *s)
{
    check_again(s);
    script_batch(s, 2, 1, 100, true);
    check_log(s);
}
