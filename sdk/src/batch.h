/*
 * batch.h - events handed to the application: views of the network buffers, which the batch keeps.
 *
 * A batch is built by one thread and then never changes. Its buffers are written to while it is built (see batch.c), but only
 * within the events that are added: two batches may be built from different events of one buffer at the same time.
 */
#ifndef MUON_SDK_BATCH_H
#define MUON_SDK_BATCH_H

#include <stdbool.h>

#include <muon/muon.h>

#include "wire/codec-bus.h"

/* An empty batch with room for so many events and buffers. NULL: no memory. */
muon_batch *batch_new(size_t events_max, size_t buffers_max);

/* Keep a buffer that events are views of; takes a reference. */
void batch_hold(muon_batch *batch, struct bytes *buffer);

/* Append an event: raw is an encoded muon.v1.Event within a buffer that is held, and was not added before. false: it is
 * malformed, or no memory was left (*malformed tells which); the batch is as before. */
bool batch_add(muon_batch *batch, struct span raw, bool *malformed);

/* The same, passing over an event whose order id is not greater than *last, which is set to that of an event added: whatever
 * the other side does, nobody gets an event twice or out of order. */
bool batch_add_after(muon_batch *batch, struct span raw, int64_t *last, bool *malformed);

/* Append an item of a service's stream as an event, with copies of its texts. stream ends with a NUL, and is within a buffer
 * that is held. false: no memory. */
bool batch_add_item(muon_batch *batch, const struct bus_item *item, struct span stream,
                    int64_t version);

void batch_flag(muon_batch *batch, uint32_t flags);

#endif
