/*
 * discovery.h - telling queues who is there, now and after each change (muon_discover_watch).
 *
 * A Discover call each, which stays, and is begun again when it is lost. What it brings is kept until it is taken, the newest in place
 * of the one before, so that a queue that nobody drains cannot fill; it becomes a document on the thread that drains.
 */
#ifndef MUON_SDK_DISCOVERY_H
#define MUON_SDK_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include <muon/muon.h>

#include "wire/bytes.h"

enum { DISCOVERIES_MAX = 16 };

struct discovery;
struct discoveries {
    struct discovery *head; /* not over yet */
    size_t len;
};

/* All under the client's lock. */
void discovery_connected(muon_client *c);
int64_t discovery_tick(muon_client *c, int64_t now_ms);
bool discovery_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag); /* NULL: any */

/* What Discover has answered, as a document. MUON_EPROTO: it cannot be read. Not under the lock. */
int32_t discovery_document(struct bytes *const *messages, size_t len, muon_reply **out,
                           muon_error *err);

#endif
