/*
 * subscribe.h - the Subscribe call: cold, hot and hot-cold are one loop (semantics 12, 13, 14).
 *
 * A subscription reads from its cursor, sends, and waits in the fan-out once it is at the head. Its state is its place: a client
 * that does not read slows nobody and holds one message within gRPC.
 */
#ifndef PHOTON_SUBSCRIBE_H
#define PHOTON_SUBSCRIBE_H

#include "store/store.h"
#include "wire/codec-admin.h"
#include "wire/serve.h"

struct subscriptions; /* those of a store, and what they share */

/* Before calls are served. max: more are refused with BUSY; 0: 10,000. NULL: no memory. */
struct subscriptions *subscriptions_open(struct store *store, size_t max);

/* End all with SHUTTING_DOWN, each after the message that is on its way, and refuse new ones. Any thread. */
void subscriptions_stop(struct subscriptions *all);
size_t subscriptions_count(struct subscriptions *all);
/* The newest ones with a number below `before` (UINT64_MAX: all), at most max, each to see, which must be short: all are locked meanwhile.
 * Its texts are the subscription's. Returns the last one's number; 0: there was none. Any thread. */
uint64_t subscriptions_list(struct subscriptions *all, uint64_t before, size_t max,
                            void (*see)(void *user, const struct subscription_info *info),
                            void *user);
/* Bytes of messages that are ready before they can be sent, over all. */
size_t subscriptions_ahead(struct subscriptions *all);

/* After the last call is gone, while pollers still run: waits for the timer to end. Not from a poller. NULL is fine. */
void subscriptions_close(struct subscriptions *all);

/* Look at each subscription every look_ms (1,000), and tell a quiet one how far it is after checkpoint_ms (4,000, which with the
 * former keeps to the 5 s of the contract). For tests; before the first subscription. */
void subscriptions_pace(struct subscriptions *all, int64_t look_ms, int64_t checkpoint_ms);

extern const struct serve_method subscribe_method; /* service: struct store * */

#endif
