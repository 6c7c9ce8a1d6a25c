/*
 * serving.h - what this client serves: its muon_servers, registered on its serving session, and who gets which call.
 */
#ifndef MUON_SDK_SERVING_H
#define MUON_SDK_SERVING_H

#include <stdbool.h>

#include "sdk/src/session.h"

struct servers {
    muon_server *head; /* not over yet */
    size_t unconfirmed;
    size_t requests; /* on the session, not answered yet */
    int64_t last_number;
};

/* The role of the client's serving session. */
extern const struct session_role serving_role;

/* ---- under the client's lock ---- */

/* Is everything that is served registered? */
bool serving_is_registered(const muon_client *c);
bool serving_cancel(muon_client *c, const muon_queue *q, const uint64_t *tag); /* NULL: any */

/* The client is closing: tell photond, and take no more calls. */
void serving_drain(muon_client *c, int64_t left_ms);
/* Has every request been answered, and the answer given to the session's call? Then session_end lets it arrive. */
bool serving_is_done(const muon_client *c);

/* ---- not under the lock ---- */

/* Wait until everything is registered. MUON_ETIMEDOUT. */
int32_t serving_await(muon_client *c, int64_t deadline_ms, muon_error *err);

#endif
