/*
 * session.h - a session with photond (Connect): one call on which many exchanges go on (semantics 16).
 *
 * A client has two, each begun when it is needed and begun again, with a new epoch, when it is lost: one on which it asks, without a
 * name, and one on which it serves, as an instance of its service. So who only asks needs no name that could be denied, and
 * what is asked does not depend on when serving begins.
 *
 * All functions are called under the client's lock.
 */
#ifndef MUON_SDK_SESSION_H
#define MUON_SDK_SESSION_H

#include <muon/muon.h>

#include "sdk/src/backoff.h"
#include "sdk/src/connection.h"
#include "sdk/src/exchange.h"
#include "wire/uuid.h"

enum { SESSION_BUCKETS = 256 };

/* What a session is for. */
struct session_role {
    bool (*is_wanted)(const muon_client *c);
    void (*hello)(muon_client *c, struct bus_hello *hello); /* fill in who we are; NULL: nobody */
    void (*begun)(muon_client *c);                          /* the Hello was put; NULL: so what */
    void (*welcomed)(muon_client *c);                       /* NULL: so what */
    /* A Call or an EndpointDone. false: it has no place here. NULL: none has. */
    bool (*frame)(muon_client *c, const struct frame *frame);
    /* Every exchange has been told. refused: photond does not accept the session, and will not; NULL: it was lost. */
    void (*lost)(muon_client *c, const struct error *refused);
};

struct session {
    muon_client *client;
    const struct session_role *role;
    char instance_id[UUID_BYTES + 1];
    uint64_t epoch; /* of the session that is, or was last */
    struct client_call *call;
    struct link *link;
    bool welcomed;
    bool drained;       /* photond wants no new exchanges */
    bool sending;       /* a message is being written */
    bool ending, ended; /* half-close once nothing waits; done */
    struct outbox outbox;
    int64_t beat_ms;
    uint64_t frame_bytes, body_bytes; /* limits, as last told */
    uint32_t max_calls;
    uint64_t last_number;
    size_t exchanges;
    struct exchange *bucket[SESSION_BUCKETS];
    struct exchange *emptied;
    int64_t heard_ms, spoke_ms;
    struct backoff backoff;
    int64_t retry_at_ms;
    char failure[FAILURE_TEXT_MAX]; /* why the last one was lost; "" since the last welcome */
    char failure_id[REQUEST_ID_BYTES];
};

void session_init(struct session *session, muon_client *c, const struct session_role *role);

/* Begin it, if it is wanted and there is a connection. */
void session_begin(struct session *session);
void session_connected(struct session *session);
int64_t session_tick(struct session *session, int64_t now_ms);

/* Can an exchange begin on it? */
bool session_is_open(const struct session *session);

/* Begin an exchange, or take one on that photond has begun (number not 0). */
void session_add(struct session *session, struct exchange *exchange, uint64_t number);
/* Take it off, with what waits of it. true: its first frame never left. */
bool session_remove(struct exchange *exchange);
/* Likewise, and tell photond that it is not wanted any more. */
bool session_cancel(struct exchange *exchange);

/* Put a frame, in the exchange's lane, or (NULL) before all lanes; then, after the last one, session_flush. */
void session_put(struct session *session, struct exchange *exchange, const struct frame *frame,
                 struct bytes *body);
void session_flush(struct session *session);
/* Allow so many bytes more of this exchange. */
void session_give(struct exchange *exchange, uint64_t bytes);

/* Something is wrong with it: start over. */
void session_break(struct session *session, const char *why);
/* Send what waits, then end it in order. */
void session_end(struct session *session);
/* On the I/O thread, at the client's end. */
void session_stop(struct session *session);

#endif
