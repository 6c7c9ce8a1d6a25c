/*
 * wire_verbs.h - what bench_wire can do; each prints its result and returns.
 */
#ifndef BENCH_WIRE_VERBS_H
#define BENCH_WIRE_VERBS_H

#include "bench/measure.h"

/* Emit events= events in batches of batch= on one EmitStream call, window= of them in flight. */
void wire_emit(const struct args *args);
/* writers= callers of Emit, each with one event in flight, over connections=, for seconds=. */
void wire_writers(const struct args *args);
/* Read stream= to its end, once, and count bytes; with events= the number of events must be that. */
void wire_replay(const struct args *args);
/* calls= cold loads, one after the other, of streams chosen at random out of streams=; call=Subscribe or Read; per= events each. */
void wire_load(const struct args *args);
/* subscribers= hot-cold subscriptions to stream= from=, over connections=. stuck=1: they never read. Then wait. */
void wire_subscribers(const struct args *args);
/* Be instances= instances of the service "bench", a connection and a session each, which answer "/echo"; wait. */
void wire_serve(const struct args *args);
/* Ask it calls= times in all over connections= sessions, with window= requests of each in flight. */
void wire_ask(const struct args *args);

#endif
