/*
 * emit_stream.h - EmitStream: batches in, many in flight, answers out by number and in order (semantics 7). Its `service` is a struct
 * store, in which `emits` is made by emit_calls_new.
 */
#ifndef PHOTON_EMIT_STREAM_H
#define PHOTON_EMIT_STREAM_H

#include "wire/serve.h"

extern const struct serve_method emit_stream_method;

/* A call that has so much with the committer is not read, and gRPC's flow control holds its sender back. */
enum { EMIT_STREAM_QUOTA_BYTES = 2 * 1024 * 1024 };

/* The calls that are open; at most `max`, a further one is told "busy". NULL: no memory. */
struct emit_calls;
struct emit_calls *emit_calls_new(size_t max);
void emit_calls_free(struct emit_calls *calls);

/* Read nothing more; end each call with SHUTTING_DOWN once what it has sent is answered. */
void emit_calls_stop(struct emit_calls *calls);

#endif
