/*
 * held.c - two passes over a message: a quick one on the I/O thread, over frames and markers, and the thorough one when
 * the application takes it. What the second has passed it has written to (see batch.c), so it is not read again: when memory
 * is short a batch is smaller.
 */
#include "sdk/src/held.h"

#include <stdlib.h>

#include "sdk/src/batch.h"
#include "wire/codec.h"
#include "wire/event.h"

static void mark(struct held *held, const struct part *part)
{
    held->placed = true;
    held->order_id = (int64_t)part->order_id;
    if (part->kind == PART_CAUGHT_UP)
        held->flags |= MUON_BATCH_LIVE;
    else if (part->kind == PART_TRUNCATED)
        held->flags |= MUON_BATCH_TRUNCATED;
}

struct held *held_new(struct bytes *message, bool *malformed)
{
    struct held *held = calloc(1, sizeof *held);
    struct span rest = bytes_span(message), last = {NULL, 0};
    struct part part;
    struct event event;
    int more;
    *malformed = false;
    if (!held)
        return NULL;
    while ((more = part_next(&rest, &part)) > 0) {
        if (part.kind == PART_EVENT) {
            last = part.event;
            held->events++;
        } else {
            mark(held, &part);
        }
    }
    *malformed = more < 0 || (last.data && !event_peek(last, &event));
    if (*malformed) {
        free(held);
        return NULL;
    }
    if (last.data && (!held->placed || (int64_t)event.order_id > held->order_id)) {
        held->placed = true;
        held->order_id = (int64_t)event.order_id;
    }
    held->message = bytes_ref(message);
    held->rest = bytes_span(message);
    return held;
}

void held_free(struct held *held)
{
    if (!held)
        return;
    bytes_unref(held->message);
    free(held);
}

/* The event that comes next is likely to be as long. The I/O thread has written it, so it is in another processor's cache. */
static void fetch_ahead(struct span rest, size_t len)
{
    enum { LINE_BYTES = 64, AHEAD_BYTES = 1024 };
    size_t ahead = rest.len < len ? rest.len : len;
    ahead = ahead < AHEAD_BYTES ? ahead : AHEAD_BYTES;
    for (size_t at = 0; at < ahead; at += LINE_BYTES)
        __builtin_prefetch(rest.data + at);
}

muon_batch *held_take(struct held *held, size_t max, int64_t *last, size_t *taken, bool *malformed)
{
    size_t room = held->events < max ? held->events : max;
    struct span rest = held->rest;
    struct part part;
    int64_t reached = *last;
    muon_batch *batch = batch_new(room, 1);
    *malformed = false;
    if (!batch)
        return NULL;
    batch_hold(batch, held->message);
    size_t n = 0;
    while (n < room && part_next(&rest, &part) > 0) {
        if (part.kind == PART_EVENT) {
            fetch_ahead(rest, part.event.len);
            if (!batch_add_after(batch, part.event, &reached, malformed))
                break;
            n++;
        }
        held->rest = rest;
    }
    if (n < room && (*malformed || n == 0)) {
        muon_batch_free(batch);
        return NULL;
    }
    held->events -= n;
    if (held->events == 0)
        batch_flag(batch, held->flags);
    *last = reached;
    *taken = n;
    return batch;
}
