/*
 * peer.h - both ends for tests: a server with a few methods, and calls that a test can wait for.
 */
#ifndef TESTS_WIRE_PEER_H
#define TESTS_WIRE_PEER_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/wire/raw.h"
#include "wire/client.h"
#include "wire/serve.h"
#include "wire/tls.h"

/* The server. Paths: /test.Peer/Echo (unary), /Chat (echoes a stream), /Flood (a stream of `count` messages of `size` bytes; the
 * request is two varint fields), /Hang (until the client is gone), /Fail (with an error of ours), /Who (the identity), /How ("private" or "not"). */
struct peer {
    struct cq *cq;
    struct serve *serve;
    int port;
    atomic_int begun, lost, gone;
    atomic_size_t sent; /* messages of /Flood that have left */
};

/* address: "127.0.0.1:0", …; the port is in peer->port. */
void peer_start(struct peer *peer, const char *address, struct tls_server *tls);
void peer_start_with(struct peer *peer, const char *address, struct tls_server *tls,
                     const struct serve_options *options);
/* At a private unix socket, and at a loopback port. false: *error, and it has stopped. */
bool peer_start_private(struct peer *peer, const char *path, struct error *error);
/* Stop, waiting for running calls; cancel: do not. */
void peer_stop(struct peer *peer, bool cancel);
extern const struct serve_options peer_options;

/* Wait for a counter to reach a value: fails the test after 20 s. */
void peer_await(atomic_int *counter, int value);

/* The client. */
struct channel *peer_connect(struct cq *cq, const char *target,
                             const struct tls_client_options *tls);

enum { TALK_MESSAGES = 4096 };
struct talk {
    struct client_call *call;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool read_on; /* ask for the next message by itself */
    struct bytes *messages[TALK_MESSAGES];
    size_t received; /* messages */
    bool no_more;
    int sent, failed; /* sends */
    bool finished;
    struct error status;
};
void talk_start(struct talk *talk, struct channel *channel, const char *path, int64_t timeout_ms,
                bool wait_for_ready);
void talk_send(struct talk *talk, struct span message, bool last); /* and wait until it was sent */
void talk_await_sent(struct talk *talk, int count);
void talk_await_messages(struct talk *talk, size_t count);
const struct error *talk_await_end(struct talk *talk);
void talk_free(struct talk *talk);

/* One unary call, start to end; the reply's text, at most 255 bytes, goes to reply, which may be NULL. */
struct error peer_call(struct channel *channel, const char *path, const char *request, char *reply);

#endif
