/*
 * serve.h - a gRPC server: listeners, and one generic dispatcher for every call of every service.
 *
 * A method is an entry in a table. For each call the dispatcher runs the method's handlers on pollers:
 *
 *   begin    the call is there: create the call's own state (serve_call_set). For a method that takes one message, that
 *            message has arrived and is passed; for one that takes a stream, message is NULL: ask with serve_read.
 *   message  what serve_read asked for; NULL: nothing more comes: the client has sent its last one, or is lost (gRPC does not
 *            say which; finishing is right in both cases).
 *   sent     what serve_send was given has left (within gRPC's flow control). ok = false: the call is broken; gone follows.
 *   gone     exactly once, last of all: nothing else of this call runs or will run; free the call's own state. It comes when
 *            the call was finished and the status has left, and when the client is lost.
 *   lost     the client has cancelled, or its connection is gone: stop working for it, then call serve_finish. May come
 *            at any time after begin has returned, concurrently with the others, at most once; not when the call has
 *            ended in an orderly way.
 *
 * message and sent of one call may run on two pollers at once; each of them only once at a time. Every call that began
 * must be given exactly one serve_finish (or serve_reply), also after lost; after it only gone follows. serve_* functions may be
 * called from any thread until serve_finish has been called; they never block and never run a handler before they return. A
 * handler may find that another has finished the call meanwhile: its serve_send and serve_read do nothing then.
 */
#ifndef MUON_WIRE_SERVE_H
#define MUON_WIRE_SERVE_H

#include <stdbool.h>

#include "wire/bytes.h"
#include "wire/cq.h"
#include "wire/error.h"

struct serve;      /* a server */
struct serve_call; /* one call of one client */

struct serve_method {
    const char *path;  /* "/muon.v1.PhotonService/Emit" */
    bool takes_stream; /* the client may send any number of messages */
    bool gives_stream; /* the server may */
    void (*begin)(struct serve_call *call, void *service,
                  struct bytes *message); /* message: borrowed; ref to keep */
    void (*message)(struct serve_call *call, struct bytes *message); /* takes_stream only */
    void (*sent)(struct serve_call *call, bool ok);                  /* gives_stream only */
    void (*lost)(struct serve_call *call);
    void (*gone)(struct serve_call *call);
};

struct serve_service {
    const char *name; /* "muon.v1.PhotonService": what health and reflection know */
    const struct serve_method *methods;
    size_t methods_len;
    void *service; /* handed to begin */
    /* May this client call the service? Asked on a poller, before begin. false: the call ends with *error. NULL: whoever got in may. */
    bool (*admit)(struct serve_call *call, void *service, struct error *error);
};

struct tls_server; /* tls.h */

struct serve_options {
    uint64_t
        message_bytes_max; /* gRPC's own receive limit; above the contract's limits, so that those answer */
    int32_t keepalive_ms;       /* ping a silent client this often; 0: never */
    int32_t metadata_bytes_max; /* a call's headers */
    uint32_t calls_per_connection_max;
    /* A failure is about to be answered, and has its id; for a log. Any thread, under locks of those who answer: short. NULL: nobody cares. */
    void (*failed)(const struct serve_call *call, const struct error *error);
};

/* The standard health and reflection (v1, v1alpha) services are always there. The services' arrays must stay. */
struct serve *serve_new(struct cq *cq, const struct serve_service *services, size_t services_len,
                        const struct serve_options *options);

/* Before serve_start, any number of times. address: "host:port", "[v6]:port", port 0 = any free one; tls NULL: plain text.
 * Returns the port, or 0 and *error (the address is in use, cannot be resolved, …). "unix:/path" has no port: returns 1. */
int serve_listen(struct serve *serve, const char *address, struct tls_server *tls,
                 struct error *error);
/* The same for a unix socket that is its user's alone: mode 0600, in a directory where nobody else can put another in its place. path is
 * without "unix:". false: *error says why not. Tightens the process's umask to 077. */
bool serve_listen_private(struct serve *serve, const char *path, struct error *error);
void serve_start(struct serve *serve);

/* What health answers; per service, or "" for the server as a whole. Watchers are told. */
void serve_set_health(struct serve *serve, const char *service, bool serving);

/* What was called, since the start. Any thread. */
enum { SERVE_METHODS_MAX = 32 };
struct serve_method_counts {
    const char *path;
    uint64_t begun, open; /* calls in all, and those under way */
};
struct serve_counts {
    struct serve_method_counts method[SERVE_METHODS_MAX]; /* in no order */
    size_t methods;
    uint64_t failed[REASON_COUNT]; /* calls, by why they failed */
};
void serve_counts(const struct serve *serve, struct serve_counts *counts);

/* Stop accepting connections and calls; calls that run go on. done is called (on a poller) when the last has ended. */
void serve_stop(struct serve *serve, struct cq_op *done);
/* End what still runs with CANCELLED: clients see UNAVAILABLE/SHUTTING_DOWN where handlers answer in time. After serve_stop. */
void serve_cancel_all(struct serve *serve);
/* Only after done, or without serve_start; not on a poller, which must run still. */
void serve_free(struct serve *serve);

/* ---- a call ---- */
void serve_call_set(struct serve_call *call, void *state);
void *serve_call_get(const struct serve_call *call);
/* "/muon.v1.PhotonService/Emit"; from begin and admit on. "": there is no such method. */
const char *serve_call_path(const struct serve_call *call);
/* The peer's certificate identity: first DNS or URI name, else the common name; "" = none. Valid as long as the call. */
const char *serve_call_identity(const struct serve_call *call);
/* "ipv4:127.0.0.1:4711"; valid as long as the call. */
const char *serve_call_peer(const struct serve_call *call);
/* Did it come by serve_listen_private? */
bool serve_call_is_private(const struct serve_call *call);
/* A header of the call, or an empty span. */
struct span serve_call_header(const struct serve_call *call, const char *key);
/* Milliseconds left, or INT64_MAX. */
int64_t serve_call_left_ms(const struct serve_call *call);

/* Ask for the next message; one at a time. */
void serve_read(struct serve_call *call);
/* Send one message made of the parts (at most 128), one after the other; the parts are referenced, not copied. One at a time: wait for
 * sent. more: another will follow at once (GRPC_WRITE_BUFFER_HINT). */
void serve_send(struct serve_call *call, struct bytes *const *parts, size_t parts_len, bool more);
/* A failure that travels in a message, before the message is made: gives it its request_id, unless it has one, and tells
 * serve_options.failed. What ends a call is given one by serve_finish. */
void serve_failed(const struct serve_call *call, struct error *error);
/* End the call; error NULL (or REASON_NONE): OK. Must not be called while a send is outstanding, unless the call is broken. */
void serve_finish(struct serve_call *call, const struct error *error);
/* Send one last message made of the parts, and end the call with OK, in one go. As serve_finish; sent does not run. */
void serve_send_last(struct serve_call *call, struct bytes *const *parts, size_t parts_len);
/* Break it off: what is being sent fails, and lost follows, unless the call has ended. For a peer that takes nothing more. */
void serve_cancel(struct serve_call *call);
/* One message and OK, for methods that give one answer. */
void serve_reply(struct serve_call *call, struct bytes *message);

#endif
