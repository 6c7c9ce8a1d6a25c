/*
 * items.c - counted on the I/O thread, read when the application takes them.
 */
#include "sdk/src/items.h"

#include <stdlib.h>

#include "sdk/src/batch.h"
#include "wire/codec-bus.h"

struct held *items_hold(struct bytes *message, bool *malformed)
{
    struct held *held = calloc(1, sizeof *held);
    struct span rest = bytes_span(message);
    struct bus_item item;
    int more;
    *malformed = false;
    if (!held)
        return NULL;
    while ((more = bus_item_next(&rest, &item)) > 0)
        held->events++;
    *malformed = more < 0;
    if (*malformed) {
        free(held);
        return NULL;
    }
    held->message = bytes_ref(message);
    held->rest = bytes_span(message);
    return held;
}

muon_batch *items_take(struct held *held, size_t max, struct bytes *url, int64_t *version,
                       size_t *taken, bool *malformed)
{
    size_t room = held->events < max ? held->events : max, n = 0;
    struct span rest = held->rest;
    struct bus_item item;
    muon_batch *batch = batch_new(room, 1);
    *malformed = false;
    if (!batch)
        return NULL;
    batch_hold(batch, url);
    while (n < room && bus_item_next(&rest, &item) > 0) {
        if (!batch_add_item(batch, &item, bytes_span(url), *version + (int64_t)n + 1)) {
            muon_batch_free(batch);
            return NULL;
        }
        n++;
    }
    held->rest = rest;
    held->events -= n;
    *version += (int64_t)n;
    *taken = n;
    return batch;
}
