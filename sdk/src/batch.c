/*
 * batch.c - received events, read where they stand.
 *
 * Every text that we give is also NUL-terminated, and still nothing is copied: in an encoded event, the byte behind a text
 * is the tag of the next field. Once all fields have been read nobody needs it any more, and it becomes the NUL. What a
 * store sends ends with its own numbers, so there always is a next field; the text at the very end of an event from
 * somewhere else is copied.
 */
#include "sdk/src/batch.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "wire/event.h"

/* A copy of a text that had no room for its NUL. */
struct copy {
    struct copy *next;
    char text[];
};

struct muon_batch {
    atomic_size_t refs;
    uint32_t flags;
    size_t events_len, events_max, buffers_len, buffers_max;
    struct copy *copies;
    struct bytes **buffers; /* behind the events, in the same allocation */
    struct muon_event events[];
};

muon_batch *batch_new(size_t events_max, size_t buffers_max)
{
    size_t events_bytes = events_max * sizeof(struct muon_event);
    if (events_max > SIZE_MAX / 4 / sizeof(struct muon_event))
        return NULL;
    muon_batch *b = malloc(sizeof *b + events_bytes + buffers_max * sizeof *b->buffers);
    if (!b)
        return NULL;
    *b = (muon_batch){.events_max = events_max, .buffers_max = buffers_max};
    atomic_init(&b->refs, 1);
    b->buffers = (struct bytes **)((char *)b->events + events_bytes);
    return b;
}

void batch_hold(muon_batch *batch, struct bytes *buffer)
{
    assert(batch->buffers_len < batch->buffers_max);
    batch->buffers[batch->buffers_len++] = bytes_ref(buffer);
}

void batch_flag(muon_batch *batch, uint32_t flags)
{
    batch->flags |= flags;
}

/* ---- one event ---- */

static bool copy_text(muon_batch *batch, struct span text, muon_str *out)
{
    struct copy *copy = malloc(sizeof *copy + text.len + 1);
    if (!copy)
        return false;
    copy->next = batch->copies;
    batch->copies = copy;
    memcpy(copy->text, text.data, text.len);
    copy->text[text.len] = 0;
    *out = (muon_str){copy->text, text.len};
    return true;
}

/* end: of the event. */
static bool give(muon_batch *batch, struct span text, const uint8_t *end, muon_str *out)
{
    if (text.len == 0) {
        *out = (muon_str){"", 0};
        return true;
    }
    if (text.data + text.len == end)
        return copy_text(batch, text, out);
    ((uint8_t *)text.data)[text.len] = 0;
    *out = (muon_str){(const char *)text.data, text.len};
    return true;
}

static const char json[] = "application/json"; /* what no content type means */

#define FROM(member) offsetof(struct event, member)
#define TO(member)   offsetof(struct muon_event, member)
static const struct {
    size_t from, to;
} texts[] = {
    {FROM(stream_name), TO(stream)},
    {FROM(event_type), TO(type)},
    {FROM(event_id), TO(event_id)},
    {FROM(id), TO(id)},
    {FROM(service_id), TO(service)},
    {FROM(schema), TO(schema)},
    {FROM(content_type), TO(content_type)},
    {FROM(caused_by), TO(caused_by)},
    {FROM(caused_by_relation), TO(caused_by_relation)},
    {FROM(traceparent), TO(traceparent)},
    {FROM(payload), TO(payload)},
    {FROM(metadata), TO(metadata)},
};

static bool give_all(muon_batch *batch, const struct event *event, struct muon_event *out)
{
    const uint8_t *end = event->raw.data + event->raw.len;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!give(batch, *(const struct span *)((const char *)event + texts[i].from), end,
                  (muon_str *)((char *)out + texts[i].to)))
            return false;
    if (out->content_type.len == 0)
        out->content_type = (muon_str){json, sizeof json - 1};
    return true;
}

bool batch_add(muon_batch *batch, struct span raw, bool *malformed)
{
    struct event event;
    assert(batch->events_len < batch->events_max);
    *malformed = !event_read(raw, &event);
    if (*malformed)
        return false;
    event.raw = raw;
    struct muon_event *out = &batch->events[batch->events_len];
    *out = (struct muon_event){
        .order_id = (int64_t)event.order_id,
        .version = (int64_t)event.version,
        .time_ms = event.event_time,
    };
    if (!give_all(batch, &event, out))
        return false;
    batch->events_len++;
    return true;
}

bool batch_add_after(muon_batch *batch, struct span raw, int64_t *last, bool *malformed)
{
    if (!batch_add(batch, raw, malformed))
        return false;
    int64_t order_id = batch->events[batch->events_len - 1].order_id;
    if (order_id > *last)
        *last = order_id;
    else
        batch->events_len--;
    return true;
}

bool batch_add_item(muon_batch *batch, const struct bus_item *item, struct span stream,
                    int64_t version)
{
    static const muon_str nothing = {"", 0};
    assert(batch->events_len < batch->events_max);
    struct muon_event *out = &batch->events[batch->events_len];
    *out = (struct muon_event){.version = version,
                               .stream = {(const char *)stream.data, stream.len - 1},
                               .content_type = {json, sizeof json - 1}};
    out->type = out->event_id = out->id = out->service = out->schema = nothing;
    out->caused_by = out->caused_by_relation = out->traceparent = nothing;
    out->payload = out->metadata = nothing;
    if (item->content_type.len && !copy_text(batch, item->content_type, &out->content_type))
        return false;
    if (item->body.len && !copy_text(batch, item->body, &out->payload))
        return false;
    batch->events_len++;
    return true;
}

/* ---- for the application ---- */

size_t muon_batch_count(const muon_batch *b)
{
    return b ? b->events_len : 0;
}

const muon_event *muon_batch_at(const muon_batch *b, size_t i)
{
    return b && i < b->events_len ? &b->events[i] : NULL;
}

uint32_t muon_batch_flags(const muon_batch *b)
{
    return b ? b->flags : 0;
}

muon_batch *muon_batch_ref(muon_batch *b)
{
    if (b)
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void muon_batch_free(muon_batch *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < b->buffers_len; i++)
        bytes_unref(b->buffers[i]);
    while (b->copies) {
        struct copy *next = b->copies->next;
        free(b->copies);
        b->copies = next;
    }
    free(b);
}
