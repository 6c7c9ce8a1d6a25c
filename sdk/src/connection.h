/*
 * connection.h - being connected: when to try, what the last attempt failed with, and beginning calls.
 *
 * A link is one attempt and, if it succeeds, the connection that came of it: a channel of its own, with the certificates
 * read at that time. It is ready once the store has answered Info. When it breaks it is retired: its calls end by
 * themselves, the last of them closes the channel, and meanwhile a new link is made. So nothing is dropped by the
 * renewal of certificates, and how often we try is up to us alone (backoff.h) and not to gRPC.
 *
 * All functions are called under the client's lock.
 */
#ifndef MUON_SDK_CONNECTION_H
#define MUON_SDK_CONNECTION_H

#include <muon/muon.h>

#include "sdk/src/backoff.h"
#include "wire/client.h"
#include "wire/codec.h"

enum { FAILURE_TEXT_MAX = 256 };

struct link;

struct connection {
    int32_t state;     /* MUON_STATE_* */
    struct link *link; /* MUON_STATE_CONNECTING, MUON_STATE_READY; else NULL */
    struct backoff backoff;
    int64_t begun_ms;    /* the last attempt */
    int64_t patience_ms; /* with the next one, at least */
    int64_t retry_at_ms; /* MUON_STATE_DOWN */
    struct cq_op attempt;
    bool attempt_posted;
    char failure[FAILURE_TEXT_MAX]; /* why the last attempt failed; "" since the last success */
    bool denied; /* the last attempt failed because one side does not accept the other's identity */
    struct info info; /* as the store last gave it; limits: the contract's before that */
};

void connection_init(struct connection *connection);

/* Tell watchers the state: ready only once everything served is registered. */
void connection_tell(muon_client *c);

/* Somebody needs it: connect, if idle. */
void connection_want(muon_client *c);

/* Begin a call on the link that is ready; the link outlives it. *link is for connection_release, which must follow when
 * the call has been freed, on the I/O thread. NULL: not ready, or no memory. */
struct client_call *connection_call(muon_client *c, const char *path, int64_t timeout_ms,
                                    const struct client_handler *handler, void *user,
                                    struct link **link);
void connection_release(muon_client *c, struct link *link);

/* A call on this link ended in a way that may mean that the link is broken: look. */
void connection_suspect(muon_client *c, struct link *link);

/* A client_handler's sent for calls that send only once. */
void connection_sent(struct client_call *call, bool ok);

int64_t connection_tick(muon_client *c, int64_t now_ms);

/* On the I/O thread: no more links. */
void connection_stop(muon_client *c);

/* What whoever waited in vain is told: why there is no connection, or fallback. */
const char *connection_why(const muon_client *c, const char *fallback);
/* Its status: MUON_ETIMEDOUT, or MUON_EAUTH when the server's or our identity is not accepted. */
int32_t connection_timeout_status(const muon_client *c);
/* There never was a connection, and the last attempt has shown that one side does not accept the other's identity: nobody needs to
 * wait until his time is over. Once there was one, it is a matter of waiting: certificates are renewed while we run. */
bool connection_is_refused(const muon_client *c);

#endif
