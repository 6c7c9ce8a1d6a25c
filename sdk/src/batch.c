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
#include "wire/pb.h"

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

static const char json[] = "application/json"; /* what no content type means */

/* What an event has where its encoding has nothing. */
static const struct muon_event nothing = {
    .stream = {"", 0},
    .type = {"", 0},
    .event_id = {"", 0},
    .id = {"", 0},
    .service = {"", 0},
    .schema = {"", 0},
    .content_type = {json, sizeof json - 1},
    .caused_by = {"", 0},
    .caused_by_relation = {"", 0},
    .traceparent = {"", 0},
    .payload = {"", 0},
    .metadata = {"", 0},
};

/* Where a field goes, by its number. */
static const size_t places[EVENT_TIME + 1] = {
    [1] = offsetof(struct muon_event, stream),
    [2] = offsetof(struct muon_event, type),
    [3] = offsetof(struct muon_event, event_id),
    [4] = offsetof(struct muon_event, payload),
    [5] = offsetof(struct muon_event, content_type),
    [6] = offsetof(struct muon_event, schema),
    [7] = offsetof(struct muon_event, id),
    [8] = offsetof(struct muon_event, service),
    [9] = offsetof(struct muon_event, caused_by),
    [10] = offsetof(struct muon_event, caused_by_relation),
    [11] = offsetof(struct muon_event, metadata),
    [12] = offsetof(struct muon_event, traceparent),
    [EVENT_ORDER_ID] = offsetof(struct muon_event, order_id),
    [EVENT_VERSION] = offsetof(struct muon_event, version),
    [EVENT_TIME] = offsetof(struct muon_event, time_ms),
};

static void *place(struct muon_event *event, uint32_t number)
{
    return (char *)event + places[number];
}

/* Which texts there are, a bit for each number, and the number of the one at the very end of the event, or 0. */
struct texts {
    uint32_t bits, last;
};

/* One pass, and everything is where it goes. Unknown fields are skipped, the last of repeated ones counts. false: malformed. */
static bool read_fields(struct span raw, struct muon_event *event, struct texts *texts)
{
    struct pb_field field;
    int more;
    memcpy(event, &nothing, sizeof nothing);
    *texts = (struct texts){0, 0};
    while ((more = pb_next(&raw, &field)) > 0) {
        texts->last = 0;
        if (field.number <= EVENT_FIELDS && field.type == PB_BYTES) {
            *(muon_str *)place(event, field.number) =
                (muon_str){(const char *)field.bytes.data, field.bytes.len};
            texts->bits |= 1u << field.number;
            texts->last = field.number;
        } else if (field.number > EVENT_FIELDS && field.number <= EVENT_TIME &&
                   field.type == PB_VARINT) {
            *(int64_t *)place(event, field.number) = (int64_t)field.value;
        }
    }
    return more == 0;
}

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

/* The copy first: if there is no memory for it, the event can be read again. */
static bool end_texts(muon_batch *batch, struct muon_event *event, struct texts texts)
{
    if (texts.last) {
        muon_str *text = place(event, texts.last);
        if (!copy_text(batch, (struct span){(const uint8_t *)text->ptr, text->len}, text))
            return false;
        texts.bits &= ~(1u << texts.last);
    }
    for (uint32_t bits = texts.bits; bits; bits &= bits - 1) {
        muon_str *text = place(event, (uint32_t)__builtin_ctz(bits));
        if (text->len == 0)
            text->ptr = "";
        else
            ((char *)(uintptr_t)text->ptr)[text->len] = 0;
    }
    if (event->content_type.len == 0)
        event->content_type = nothing.content_type;
    return true;
}

bool batch_add(muon_batch *batch, struct span raw, bool *malformed)
{
    struct texts texts;
    assert(batch->events_len < batch->events_max);
    struct muon_event *event = &batch->events[batch->events_len];
    *malformed = !read_fields(raw, event, &texts);
    if (*malformed || !end_texts(batch, event, texts))
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
    assert(batch->events_len < batch->events_max);
    struct muon_event *out = &batch->events[batch->events_len];
    *out = nothing;
    out->version = version;
    out->stream = (muon_str){(const char *)stream.data, stream.len - 1};
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
