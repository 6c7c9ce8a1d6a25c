/*
 * sdk_verbs.h - what bench_sdk can do; each prints its result and returns.
 */
#ifndef BENCH_SDK_VERBS_H
#define BENCH_SDK_VERBS_H

#include <muon/muon.h>

#include "bench/measure.h"

/* A client for url=, with ca=, cert=, key= over TLS, that has been answered once. */
muon_client *sdk_open(const struct args *args);
/* Die with what the library said, unless status is MUON_OK or MUON_END. Returns status. */
int32_t sdk_check(int32_t status, const muon_error *error, const char *what);

/* Emit events= events asynchronously in batches of batch=, window= of them in flight. */
void sdk_emit(const struct args *args);
/* Emit calls= times one event, each when the one before is durable. */
void sdk_emit_one(const struct args *args);
/* Read stream= to its end, looking at every event; with events= the number must be that. */
void sdk_replay(const struct args *args);
/* calls= times muon_load of a stream chosen at random out of streams=, of per= events each. */
void sdk_load(const struct args *args);
/* Emit calls= single events and see them in a live subscription of another client: acknowledged → seen. */
void sdk_live(const struct args *args);
/* Be instances= instances of the service "bench", which answers "/echo" and publishes "/items"; wait. */
void sdk_serve(const struct args *args);
/* Ask it calls= times in all over connections= connections, with window= requests of each in flight. */
void sdk_ask(const struct args *args);
/* Subscribe to items= items of its stream. */
void sdk_follow(const struct args *args);
/* Tell the memory of a client that does nothing, and wait. */
void sdk_idle(const struct args *args);

#endif
