/*
 * request.h - requests to other services (muon_request, muon_request_async), on the client's asking session.
 *
 * They are kept in the order accepted. One that has no answer leaves as soon as there is a session and room on it; when the session is
 * lost those that had left fail, and the others leave on the next one (semantics 18).
 */
#ifndef MUON_SDK_REQUEST_H
#define MUON_SDK_REQUEST_H

#include <stdbool.h>

#include "sdk/src/outcome.h"
#include "sdk/src/session.h"

enum { REQUESTS_ASYNC_MAX = 1024, REQUESTS_ASYNC_BYTES_MAX = 64 << 20 };

struct request;

struct requests {
    struct request *head, *last;
    struct request *unsent; /* the first that is not on the session */
    size_t len;
    struct inflight inflight; /* asynchronous ones, until their items are drained */
};

/* The role of the client's asking session. */
extern const struct session_role request_role;

void request_init(struct requests *requests);
void request_fini(struct requests *requests);

/* ---- under the client's lock ---- */
int64_t request_tick(muon_client *c, int64_t now_ms);
bool request_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag); /* NULL: any */

#endif
