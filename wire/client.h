/*
 * client.h - a gRPC channel to one of several addresses, and calls over it.
 *
 * Handlers run on pollers. For one call: message, sent and finished never run at the same time as themselves; finished
 * is the last. The memory of a call belongs to the library until client_call_free, which may be called at any time once
 * (also before finished: then the call is cancelled and no handler runs any more after the function has returned,
 * unless it is called from within a handler).
 */
#ifndef MUON_WIRE_CLIENT_H
#define MUON_WIRE_CLIENT_H

#include <stdbool.h>

#include "wire/bytes.h"
#include "wire/cq.h"
#include "wire/error.h"

struct channel;
struct client_call;

struct tls_client_options {
    const char *ca_pem, *cert_pem,
        *key_pem;            /* contents, not file names; cert and key may both be NULL */
    const char *server_name; /* NULL: the host of the address */
};

struct channel_options {
    const struct tls_client_options *tls; /* NULL: plain text */
    int32_t keepalive_ms;                 /* 0: never */
    int32_t reconnect_max_ms;             /* the longest pause between attempts */
    int32_t connect_ms;                   /* of one attempt, TLS included; 0: 5,000 */
    uint64_t message_bytes_max;
    const char *user_agent;
};

/* Does not connect yet. target: "host:port[,host:port…]" or "unix:/path". A single name is resolved by gRPC, again after failures; names
 * in a list are resolved here (this may block), once, and unless server_name says otherwise all must have certificates for the first.
 * NULL and *error: INVALID_ARGUMENT for an unusable target or certificates. */
struct channel *channel_open(struct cq *cq, const char *target,
                             const struct channel_options *options, struct error *error);
void channel_close(struct channel *channel); /* calls must have been freed */

enum channel_state {
    CHANNEL_IDLE,
    CHANNEL_CONNECTING,
    CHANNEL_READY,
    CHANNEL_DOWN,
    CHANNEL_SHUTDOWN
};
/* The state now; connect: try, if idle. While it is CHANNEL_DOWN, a call that does not wait for ready fails at once and its error says why. */
enum channel_state channel_state(struct channel *channel, bool connect);
/* changed is called on a poller, once, when the state is no longer last (ok = true) or after timeout_ms (ok = false). */
void channel_watch(struct channel *channel, enum channel_state last, int32_t timeout_ms,
                   struct cq_op *changed);

struct client_handler {
    void (*message)(struct client_call *call,
                    struct bytes *message); /* borrowed; NULL: no more; finished follows */
    void (*sent)(struct client_call *call, bool ok);
    void (*finished)(struct client_call *call, const struct error *status); /* REASON_NONE: OK */
};

/* Begin a call; it goes out with the first send or end. timeout_ms < 0: no deadline. wait_for_ready: wait for a connection rather than
 * fail at once. NULL: no memory. */
struct client_call *client_call_new(struct channel *channel, const char *path, int64_t timeout_ms,
                                    bool wait_for_ready, const struct client_handler *handler,
                                    void *user);
void *client_call_user(const struct client_call *call);
/* Send the call's only message, half-close, and ask for the first answer: all in one, which costs one thread change less than a send and a
 * read. sent is not called. */
void client_call_ask(struct client_call *call, struct bytes *request);
/* Send one message made of the parts (at most 128; referenced). One at a time: wait for sent. last: nothing follows (half-close).
 * These five do nothing any more once finished has run. */
void client_call_send(struct client_call *call, struct bytes *const *parts, size_t parts_len,
                      bool last);
void client_call_read(struct client_call *call); /* ask for the next message; one at a time */
void client_call_end(
    struct client_call *call); /* half-close without a message; not while a send is outstanding */
void client_call_cancel(struct client_call *call);
void client_call_free(struct client_call *call);

#endif
