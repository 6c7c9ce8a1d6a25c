/*
 * watch.h - telling queues about the connection's state (muon_watch).
 */
#ifndef MUON_SDK_WATCH_H
#define MUON_SDK_WATCH_H

#include <muon/muon.h>

#include "sdk/src/queue.h"

enum { WATCHERS_MAX = 16 };

struct watcher;
struct watchers {
    struct watcher *list[WATCHERS_MAX];
    int32_t state; /* as last told */
};

/* All under the client's lock. */
void watch_tell(muon_client *c, int32_t state);
bool watch_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag); /* tag NULL: any */
void watch_cancel_all(muon_client *c);

#endif
