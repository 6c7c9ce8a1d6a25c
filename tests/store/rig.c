/*
 * rig.c - see rig.h. Records, extents and id entries come from the committer's own builder.
 */
#include "rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "store/builder.h"
#include "store/erase.h"
#include "store/fanout.h"
#include "store/gone.h"
#include "tests/lib/tempdir.h"
#include "wire/event.h"
#include "wire/text.h"

enum { TIME_FIRST = 1700000000 };

static const char *const streams[] = {"a/1", "a/2", "a/b/1", "b/1", "b", "c", "__store__"};
static const char *const types[] = {"Made", "Changed", "Ended"};

const char *rig_stream(int stream)
{
    return streams[stream];
}

const char *rig_type(int type)
{
    return types[type];
}

uint64_t rig_random(struct rig *rig, uint64_t below)
{
    rig->seed = rig->seed * 6364136223846793005u + 1442695040888963407u;
    return (rig->seed >> 33) % below;
}

void rig_open(struct rig *rig, size_t tail_bytes, uint64_t seed)
{
    struct log_options options = {
        .create = true, .write_buffer_bytes = 1 << 20, .ballast_bytes = 4096};
    enum log_fault fault;
    struct error error;
    *rig = (struct rig){.seed = seed, .dir = tempdir_new()};
    rig->end.last_time_ms = TIME_FIRST;
    rig->store.log = log_open(rig->dir, &options, &fault, &error);
    if (!rig->store.log)
        fail_msg("%s", error.message);
    rig->store.tail = tail_new(tail_bytes);
    rig->store.gone = gone_new();
    rig->store.fanout = fanout_new();
    rig->builder = builder_new();
    rig->erase = erase_new(&rig->store, NULL);
}

void rig_close(struct rig *rig)
{
    erase_free(rig->erase);
    builder_free(rig->builder);
    fanout_free(rig->store.fanout);
    gone_free(rig->store.gone);
    tail_free(rig->store.tail);
    log_close(rig->store.log);
    tempdir_remove(rig->dir);
    free(rig->events);
}

void rig_begin(struct rig *rig, uint64_t gap, int64_t time_step_ms)
{
    rig->first = rig->end.last_order_id + 1 + gap;
    rig->end.last_time_ms += time_step_ms;
    builder_start(rig->builder, rig->first, rig->end.last_number + 1, rig->end.last_time_ms,
                  64 * 1024);
}

static void remember(struct rig *rig, int stream, int type)
{
    if (rig->events_len == rig->events_room) {
        rig->events_room = rig->events_room ? rig->events_room * 2 : 1024;
        rig->events = realloc(rig->events, rig->events_room * sizeof *rig->events);
        assert_non_null(rig->events);
    }
    rig->events[rig->events_len++] = (struct rig_event){.order_id = builder_next(rig->builder),
                                                        .version = ++rig->version[stream],
                                                        .time_ms = rig->end.last_time_ms,
                                                        .stream = stream,
                                                        .type = type};
}

/* The event as a client sends it, into out; its key and facts. */
static struct event describe(struct rig *rig, int stream, int type, size_t payload_bytes,
                             uint8_t *out, char id[32], struct event_facts *facts, struct key *key)
{
    static const uint8_t payload[1 << 20];
    snprintf(id, 32, "id-%llu", (unsigned long long)builder_next(rig->builder));
    struct event event = {.stream_name = text_span(streams[stream]),
                          .event_type = text_span(types[type]),
                          .event_id = text_span(id),
                          .payload = {payload, payload_bytes}};
    event.raw = (struct span){out, (size_t)(event_put(out, &event) - out)};
    *facts = (struct event_facts){.stream_hash = stream_hash(event.stream_name)};
    *key = key_event_id(event.event_id);
    return event;
}

void rig_add(struct rig *rig, int stream, int type, size_t payload_bytes)
{
    uint8_t *raw = malloc(payload_bytes + 512);
    char id[32];
    struct event_facts facts;
    struct key key;
    struct event event = describe(rig, stream, type, payload_bytes, raw, id, &facts, &key);
    remember(rig, stream, type);
    assert_true(builder_add(rig->builder, &event, &facts, &key, rig->version[stream]));
    free(raw);
}

static void cut(struct rig *rig, int stream, struct cut cut)
{
    uint8_t raw[512];
    char id[32];
    struct event_facts facts;
    struct key key;
    struct event event = describe(rig, RIG_STREAMS, 0, 0, raw, id, &facts, &key);
    remember(rig, RIG_STREAMS, 0);
    assert_true(builder_delete(rig->builder, &event, &facts, &key, rig->version[RIG_STREAMS],
                               text_span(streams[stream]), cut));
    rig->cut[stream] = cut.version;
    assert_true(rig->cuts_len < sizeof rig->cuts / sizeof *rig->cuts);
    rig->cuts[rig->cuts_len++] =
        (struct rig_cut){text_span(streams[stream]), cut.version, builder_next(rig->builder) - 1};
}

void rig_delete(struct rig *rig, int stream)
{
    if (rig->version[stream] > rig->cut[stream])
        cut(rig, stream, (struct cut){.version = rig->version[stream]});
}

void rig_truncate(struct rig *rig, int stream)
{
    if (rig->version[stream] == rig->cut[stream])
        return;
    uint64_t version =
        rig->cut[stream] + 1 + rig_random(rig, rig->version[stream] - rig->cut[stream]);
    for (size_t i = 0; i < rig->events_len; i++)
        if (rig->events[i].stream == stream && rig->events[i].version == version &&
            rig->events[i].order_id < rig->first)
            cut(rig, stream, (struct cut){.version = version, .order_id = rig->events[i].order_id});
}

void rig_end(struct rig *rig)
{
    struct error error;
    size_t len, names_len;
    assert_true(builder_finish(rig->builder));
    const struct built *built = builder_records(rig->builder, &len);
    const struct fanout_name *names = builder_names(rig->builder, &names_len);
    if (len == 0)
        return;
    if (log_write(rig->store.log, builder_batch(rig->builder), &error))
        fail_msg("%s", error.message);
    for (size_t i = 0; i < rig->cuts_len; i++)
        erase_add(rig->erase, rig->cuts[i].stream, rig->cuts[i].version, rig->cuts[i].deletion);
    rig->cuts_len = 0;
    for (size_t i = 0; i < len; i++)
        tail_add(rig->store.tail, built[i].value, &built[i].record);
    rig->end.last_order_id = built[len - 1].record.last;
    rig->end.last_number = built[len - 1].record.number;
    fanout_publish(rig->store.fanout, &rig->store.head, rig->first, rig->end.last_order_id, names,
                   names_len);
}

void rig_commit(struct rig *rig, int n)
{
    rig_begin(rig, rig_random(rig, 3) ? rig_random(rig, 50) : 0, (int64_t)rig_random(rig, 3));
    for (int i = 0; i < n; i++)
        rig_add(rig, (int)rig_random(rig, RIG_STREAMS), (int)rig_random(rig, RIG_TYPES),
                rig_random(rig, 100));
    rig_end(rig);
}

void rig_erase(struct rig *rig)
{
    struct error error;
    if (erase_pending(rig->erase) && erase_step(rig->erase, &error))
        fail_msg("%s", error.message);
}

bool rig_gone(const struct rig *rig, const struct rig_event *event)
{
    return event->version <= rig->cut[event->stream];
}
