/*
 * stream.h - one step of reading one stream forwards by its index: extent by extent, the events picked out of their records.
 */
#ifndef PHOTON_STREAM_H
#define PHOTON_STREAM_H

#include "store/cursor.h"

/* As cursor_read, for a cursor whose filter is one stream; on failure the batch holds what stands before the fault. */
enum reason stream_read(struct cursor *cursor, uint64_t head, size_t bytes_max,
                        struct cursor_batch *batch, struct error *error);

/* The record that an extent of the stream points to, from memory or disk, verified: *value is a new reference. CORRUPT when it is
 * missing or damaged. For backward.c, too. */
enum reason stream_record(struct store *store, struct span stream, uint64_t order_id,
                          struct bytes **value, struct record *record, struct error *error);

/* Check that the frame is the stream's event with this version, unless it is erased. */
enum reason stream_check(struct span stream, uint64_t version, uint64_t record, struct span event,
                         struct error *error);

#endif
