/*
 * subscribe.h - subscriptions: a Subscribe call each, begun again where it was.
 *
 * Received messages are held, unread but for the place they reach, until the application takes them: then they become
 * batches, on its thread. While "prefetch" events are held no more is asked for, and the store stops sending.
 */
#ifndef MUON_SDK_SUBSCRIBE_H
#define MUON_SDK_SUBSCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include <muon/muon.h>

struct subs {
    muon_sub *head; /* not over yet */
    size_t len;
};

/* All under the client's lock. */
void subscribe_connected(muon_client *c);
int64_t subscribe_tick(muon_client *c, int64_t now_ms);
bool subscribe_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag); /* NULL: any */

#endif
