/*
 * subscribe.h - the Subscribe call: cold, hot and hot-cold are one loop (semantics 12, 13, 14).
 *
 * A subscription reads from its cursor, sends, and waits in the fan-out once it is at the head. Its state is its place: a client
 * that does not read slows nobody and holds one message within gRPC.
 */
#ifndef PHOTON_SUBSCRIBE_H
#define PHOTON_SUBSCRIBE_H

#include "store/store.h"
#include "wire/serve.h"

struct subscribe; /* what all subscriptions of a store share */

struct subscribe_options {
    size_t subscriptions_max; /* more are refused with BUSY; 0: 10,000 */
    size_t ahead_bytes;       /* messages that are made ahead, over all subscriptions; 0: 32 MiB */
    int64_t
        checkpoint_ms; /* a quiet subscription is told how far it is this often; 0: 4 s, which keeps to the 5 s of the contract */
};

/* Before calls are served; store->subscribe is set to it. NULL: no memory. options may be NULL. */
struct subscribe *subscribe_open(struct store *store, const struct subscribe_options *options);

/* End all subscriptions with SHUTTING_DOWN, each after the message that is on its way, and refuse new ones. Any thread. */
void subscribe_stop_all(struct subscribe *subscribe);
size_t subscribe_count(struct subscribe *subscribe);

/* After the last call is gone. NULL is fine. Blocks for as long as it takes the timer to end; not from a poller. */
void subscribe_close(struct subscribe *subscribe);

extern const struct serve_method subscribe_method; /* service: struct store * */

#endif
