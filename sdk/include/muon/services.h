/*
 * services.h - services call services: requests, serving, streams of services, discovery. Part of muon.h, whose RULES are in
 * force here, too: include that.
 *
 * A service is a name ("service.name") that the clients which serve under it share. photond finds it by name and takes each
 * request to one of its instances that serve the path, the one with the least under way. A request that was sent is never
 * sent again by anybody but you: MUON_MAYBE_APPLIED tells when it may have been acted upon.
 *
 *  Paths     begin with "/": 1 to 255 bytes of UTF-8 without control characters. A server takes one path, or all that
 *            begin with one: "/orders/" with "**" behind it. An exact one wins over a prefix, a longer prefix over a shorter one.
 *  Bodies    any bytes, of any content type; at most what the server says (4 MiB). Large ones travel in pieces between
 *            others' and hold up nobody.
 *  Cause     A request or an emit that names what is being handled - in_call, in_event - passes on its cause and continues
 *            its trace (W3C trace context). An event that is emitted in a call names the request as its relation to the
 *            cause: "rpc://service/path". Nothing is remembered by thread.
 */
#ifndef MUON_SERVICES_H
#define MUON_SERVICES_H

#include <muon/muon.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct muon_server muon_server;

/* =============================================================================== requests == */

typedef struct muon_request_opts {
    int32_t timeout_ms;
    uint32_t flags;                    /* 0 */
    const char *content_type;          /* NULL: "application/json" */
    const char *caused_by;             /* event id, or order id in decimal; NULL: see in_call */
    const char *traceparent;           /* W3C trace context; NULL: see in_call */
    const struct muon_call *in_call;   /* serving this: its cause and trace are passed on */
    const struct muon_event *in_event; /* reacting to this: its id is the cause. One of the two */
    uint64_t reserved[4];
} muon_request_opts;

/* Ask a service and wait for its answer.
 *   url   "rpc://service/path" ("request://" is an older name of it).
 *   opts  may be NULL.
 *   out   the answer, of whatever status: free it with muon_reply_free. (*out)->status is in Muon's numbers: 200 is success;
 *         404, 408, 409, 410 and others are the responder's word and not errors of this call.
 * While there is no connection it waits for one. If the connection is lost after it was sent, it fails and is not sent again.
 * MUON_ENOENT (Muon: 404): nobody serves this service now (MUON_RETRYABLE), or it does not serve this path. MUON_ETIMEDOUT
 * (408): without MUON_MAYBE_APPLIED it never left. MUON_EREMOTE (409): the responder, or the connection to photond, was lost
 * before the answer: ask again if it does no harm. MUON_EPROTO (410): the answer makes no sense. MUON_EUNAVAIL: the responders
 * have all they can take; nothing was done; try again later. MUON_ETOOBIG: the body is over the limit, nothing was sent. */
MUON_API int32_t muon_request(muon_client *c, const char *url, const void *body, size_t len,
                              const muon_request_opts *opts, muon_reply **out, muon_error *err);

/* The same without waiting; never blocks. One MUON_ITEM_REPLY with this tag follows in q; its object, with status MUON_OK, is
 * the muon_reply. Requests leave in the order accepted, several in a message; answers come in any order. muon_cancel tells
 * the responder that nobody waits any more.
 * MUON_EAGAIN: 1,024 requests, or 64 MiB of their bodies, are in flight (they count until their items are drained): drain
 * q, try again. */
MUON_API int32_t muon_request_async(muon_client *c, const char *url, const void *body, size_t len,
                                    const muon_request_opts *opts, muon_queue *q, uint64_t tag,
                                    muon_error *err);

/* ================================================================================ serving == */

/* muon_serve_opts.flags: a stream is published there, not request/response. */
enum { MUON_SERVE_STREAM = 1 };

typedef struct muon_serve_opts {
    uint32_t max_inflight; /* calls at a time, until answered; 1 to 4,096; 0: 256 */
    uint32_t flags;        /* MUON_SERVE_STREAM */
    muon_queue *queue;     /* NULL: use muon_server_next. Else MUON_ITEM_CALL items, with tag */
    uint64_t tag;
    const char *doc; /* one line for muon_introspect, at most 255 bytes; NULL: none */
    uint64_t reserved[3];
} muon_serve_opts;

/* muon_call.kind */
enum {
    MUON_CALL_REQUEST = 0, /* answer it with muon_call_reply */
    MUON_CALL_STREAM = 1   /* a subscriber: muon_call_send, in the end muon_call_reply */
};

/* A request to answer, or a subscriber to feed. It is yours until muon_call_reply or muon_call_free, and outlives its
 * server and client; read-only. */
typedef struct muon_call {
    int32_t kind;
    uint32_t flags;              /* none yet */
    int64_t number;              /* of all calls to this client, from 1 */
    int64_t deadline_ms;         /* when the caller gives up, ms since 1970; 0: never */
    muon_str path;               /* "/orders/42" */
    muon_str args;               /* what follows "?" in the URL of a stream */
    muon_str content_type, body; /* "application/json" where the caller gave no type */
    muon_str traceparent, caused_by;
    muon_str caller;  /* who asks, as its certificate says; "": it has none */
    muon_str service; /* the name it was asked under: yours */
} muon_call;

/* Answer requests for a path, or publish a stream there, as an instance of "service.name" with "service.tags". Close and
 * free the server with muon_server_free. Does not wait for the network: muon_ping waits until it is registered, and
 * MUON_STATE_READY (muon_watch) tells that all servers are; emits, reads and requests do not wait for it. After the connection
 * was lost they are registered again before either says so.
 *   path  "/orders", or everything below it: "/orders/" with "**" behind it.
 *   opts  may be NULL.
 * More calls than max_inflight are refused: their callers get MUON_EUNAVAIL.
 * MUON_EINVAL: no usable "service.name" is set ("photon", names with "/" and names that begin with "__" are not for you).
 * MUON_EEXIST: this client serves this path already. */
MUON_API int32_t muon_serve(muon_client *c, const char *path, const muon_serve_opts *opts,
                            muon_server **out, muon_error *err);

/* Wait for the next call of a server without a queue. MUON_EAGAIN: there is none (timeout 0). MUON_ETIMEDOUT: likewise,
 * within the time; call again. MUON_EPERM and other errors end the server, and come again at each call: photond does not accept it,
 * e.g. because the name belongs to another identity. A server with a queue gets these in its last MUON_ITEM_CALL. */
MUON_API int32_t muon_server_next(muon_server *s, muon_call **out, int32_t timeout_ms,
                                  muon_error *err);

/* No new calls: those that you hold stay valid, those that nobody has taken are refused. Blocked muon_server_next return
 * MUON_ECLOSED; a queue gets one last item with MUON_ECANCELLED. muon_cancel with the server's tag does the same. */
MUON_API void muon_server_close(muon_server *s);

/* Close, and give it back: no further item of it comes. */
MUON_API void muon_server_free(muon_server *s);

/* Answer, or end a stream; the call is given back. Never blocks.
 *   status        Muon's numbers, 100 to 599; 200 is success, else the body is the reason. Of a stream: 200 ends it in order;
 *                 400, 403, 404, 408 and others reach the subscriber as MUON_EINVAL, MUON_EPERM, MUON_ENOENT, MUON_ETIMEDOUT,
 *                 MUON_EREMOTE with the beginning of the body as message.
 *   content_type  NULL: "application/json".
 * MUON_ECANCELLED: the caller has gone, or the connection to it; nothing was sent, the call is given back all the same (with
 * MUON_ECLOSED, too). MUON_EINVAL, MUON_ETOOBIG, MUON_ENOMEM: nothing was sent, and the call is still yours to answer. */
MUON_API int32_t muon_call_reply(muon_call *call, int32_t status, const char *content_type,
                                 const void *body, size_t len, muon_error *err);

/* MUON_CALL_STREAM: publish one more item to this subscriber. Never blocks.
 * MUON_EAGAIN: the subscriber is behind, nothing was sent. Afterwards muon_call_wait waits until it can take more; with a
 * queue, a MUON_ITEM_WRITABLE with the server's tag, this call's number as version, and status MUON_OK tells.
 * MUON_ECANCELLED: it has gone: muon_call_free. With a queue a MUON_ITEM_WRITABLE with that status tells as soon as it has
 * gone, whether you are sending or not. */
MUON_API int32_t muon_call_send(muon_call *call, const char *content_type, const void *body,
                                size_t len, muon_error *err);

/* Wait until a stream can take more. MUON_OK: it can; at once for a request: its caller still waits. MUON_ETIMEDOUT, and with
 * timeout 0 MUON_EAGAIN: not yet. MUON_ECANCELLED: the caller has gone. */
MUON_API int32_t muon_call_wait(muon_call *call, int32_t timeout_ms);

/* Give a call back. One that was not answered: its caller gets status 500, a subscriber MUON_EREMOTE. (muon_item_clear does this
 * to the call of an item.) */
MUON_API void muon_call_free(muon_call *call);

/* ==================================================================== streams of services == */

/* muon_subscribe with "stream://service/path?args" subscribes to a stream that a service publishes. Its items come as events of
 * batches: payload and content_type are the publisher's, stream is the URL, version counts from 1, order_id and time_ms are 0 and
 * everything else is "". Of muon_sub_opts only prefetch, batch_max, queue and tag make sense, the rest must be 0: MUON_EINVAL.
 * While prefetch items wait for you, and some MiB on the way, the publisher is held back. There is no history: it is not resumed by itself.
 * MUON_END: the publisher has ended it. MUON_ENOENT: nobody publishes it. MUON_EREMOTE: the publisher was lost, or has failed.
 * MUON_EUNAVAIL: the connection was lost, or the publisher takes no more subscribers. Subscribe again if you still want it. */

/* ============================================================= discovery, introspection == */

/* Who is there now, ordered by name, as {"services":[{"identifier","tags":[…],"instances":[{"instance-id","identity",
 * "tags":[…],"endpoints":[{"path","stream","doc"}],"since","in-flight","draining"}]}]}; since: ms since 1970.
 *   filter  NULL or "": all; a service's name; or "tag:x". Nothing that matches is not an error. */
MUON_API int32_t muon_discover(muon_client *c, const char *filter, int32_t timeout_ms,
                               muon_reply **out, muon_error *err);

/* The same, now and after each change: MUON_ITEM_REPLY items with this tag in q, until muon_cancel with the tag, or
 * muon_queue_free. A document that nobody has drained when the next one comes is replaced by it. It connects again by itself, and
 * then tells who is there, even if nothing has changed. The last item has status MUON_ECANCELLED, or is an error that no retry can
 * mend: MUON_EINVAL, MUON_EPERM.
 *   filter  as above.
 * MUON_EAGAIN: this client has 16 of these already. */
MUON_API int32_t muon_discover_watch(muon_client *c, const char *filter, muon_queue *q,
                                     uint64_t tag, muon_error *err);

/* What a service offers, as {"serviceName","protocols":[{"protocolScheme","protocolName","description",
 * "operations":[{"resource","doc"}]}]}, with the schemes "rpc" and "stream" where it has such operations.
 * MUON_ENOENT: nobody serves it now. */
MUON_API int32_t muon_introspect(muon_client *c, const char *service, int32_t timeout_ms,
                                 muon_reply **out, muon_error *err);

#ifdef __cplusplus
}
#endif
#endif /* MUON_SERVICES_H */
