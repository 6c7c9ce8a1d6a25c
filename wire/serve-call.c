/*
 * serve-call.c - one call of one client: batches out, handlers in.
 *
 * A call is referenced by each batch that is under way, by the handler that began it, and by the serve_finish that is owed; when the
 * last reference goes, gone runs and the call is freed. Batches of a call are started under its lock (hazards 5). lost waits
 * until begin has returned, and is left out once the call was finished; message and sent are left out then, too.
 */
#include "wire/serve-call.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

#include "wire/codec-error.h"
#include "wire/core.h"
#include "wire/text.h"

struct serve_call {
    struct serve *serve;
    const struct serve_method *method; /* NULL: unknown */
    struct serve_entry *entry;         /* likewise */
    void *service, *state;

    struct cq_op accepted, received, sent, ended, closed;
    grpc_call *core;
    grpc_call_details details;
    grpc_metadata_array headers;
    grpc_byte_buffer *incoming, *outgoing, *reply; /* received, being sent, sent with the status */
    int cancelled;                                 /* gRPC's answer to RECV_CLOSE_ON_SERVER */

    atomic_size_t refs;
    pthread_mutex_t lock; /* of what follows, and of starting batches */
    bool headers_sent;
    bool begun;    /* begin has returned */
    bool lost;     /* the client is gone */
    bool finished; /* serve_finish or serve_reply was called */
    char *peer, *identity;
};

#define CALL(op, member) ((struct serve_call *)((char *)(op)-offsetof(struct serve_call, member)))

void serve_call_free(struct serve_call *call)
{
    if (!call)
        return;
    if (call->core)
        grpc_call_unref(call->core);
    grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->headers);
    pthread_mutex_destroy(&call->lock);
    if (call->peer)
        gpr_free(call->peer);
    free(call->identity);
    free(call);
}

/* Without memory for an answer. Not CANCELLED, which clients take for their own doing. */
static void give_up(struct serve_call *call)
{
    grpc_call_cancel_with_status(call->core, GRPC_STATUS_UNAVAILABLE,
                                 "the server has no memory for this call: try again", NULL);
}

static void call_unref(struct serve_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    struct serve *serve = call->serve;
    if (call->begun)
        call->method->gone(call);
    if (call->entry)
        tally_sub(&call->entry->open, 1);
    serve_call_free(call);
    serve_part_done(serve);
}

/* With the lock held; the caller has made a reference for the batch. */
static void start(struct serve_call *call, const grpc_op *ops, size_t len, struct cq_op *op)
{
    cq_begin(call->serve->cq);
    grpc_call_error error = grpc_call_start_batch(call->core, ops, len, op, NULL);
    assert(error == GRPC_CALL_OK); /* else two operations of one kind at a time */
    (void)error;
}

/* ---- ending ---- */

static void ended_done(struct cq_op *op, bool ok)
{
    struct serve_call *call = CALL(op, ended);
    (void)ok;
    if (call->reply)
        grpc_byte_buffer_destroy(call->reply);
    call->reply = NULL;
    pthread_mutex_lock(&call->lock); /* until finish has let go of it */
    pthread_mutex_unlock(&call->lock);
    call_unref(call);
}

void serve_failed(const struct serve_call *call, struct error *error)
{
    struct serve *serve = call->serve;
    if (error->request_id[0])
        return;
    snprintf(error->request_id, sizeof error->request_id, "%08" PRIx32 "-%" PRIu64, serve->start,
             atomic_fetch_add(&serve->failures, 1) + 1);
    if (serve->tell)
        serve->tell(call, error);
}

/* Send a message, if there is one, and the status, in one batch. It takes over the reference of the finish that was owed, so that
 * gone never runs in here; and after the lock the call may be no more. */
static void finish(struct serve_call *call, grpc_byte_buffer *message, const struct error *error)
{
    struct bytes *encoded = error ? error_status_encode(error) : NULL;
    if (error)
        tally_add(&call->serve->failed[error->reason], 1);
    grpc_metadata details = {.key = grpc_slice_from_static_string("grpc-status-details-bin")};
    grpc_slice text = error ? core_slice(text_span(error->message)) : grpc_empty_slice();
    if (encoded)
        details.value = core_slice(bytes_span(encoded));
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    size_t len = 0;
    pthread_mutex_lock(&call->lock);
    assert(!call->finished);
    call->finished = true;
    len += !call->headers_sent;
    call->headers_sent = true;
    if (message) {
        call->reply = message;
        ops[len] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
        ops[len++].data.send_message.send_message = message;
    }
    ops[len] = (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER};
    ops[len].data.send_status_from_server.status =
        error ? (grpc_status_code)error->grpc_status : GRPC_STATUS_OK;
    ops[len].data.send_status_from_server.status_details = &text;
    ops[len].data.send_status_from_server.trailing_metadata = &details;
    ops[len++].data.send_status_from_server.trailing_metadata_count = encoded ? 1 : 0;
    start(call, ops, len, &call->ended);
    pthread_mutex_unlock(&call->lock);
    grpc_slice_unref(text);
    if (encoded)
        grpc_slice_unref(details.value);
    bytes_unref(encoded);
}

void serve_finish(struct serve_call *call, const struct error *error)
{
    struct error told;
    if (!error || error->reason == REASON_NONE) {
        finish(call, NULL, NULL);
        return;
    }
    told = *error;
    serve_failed(call, &told);
    finish(call, NULL, &told);
}

void serve_send_last(struct serve_call *call, struct bytes *const *parts, size_t parts_len)
{
    finish(call, core_message(parts, parts_len), NULL);
}

void serve_reply(struct serve_call *call, struct bytes *message)
{
    finish(call, core_message(&message, 1), NULL);
}

/* ---- beginning ---- */

static void begin(struct serve_call *call, struct bytes *message)
{
    call->method->begin(call, call->service, message);
    pthread_mutex_lock(&call->lock);
    call->begun = true;
    bool tell = call->lost && !call->finished;
    pthread_mutex_unlock(&call->lock);
    if (tell)
        call->method->lost(call);
}

/* The one message of a call that takes one. */
static void first_message(struct serve_call *call, bool arrived, struct bytes *message)
{
    struct error error;
    if (message) {
        begin(call, message);
        return;
    }
    if (arrived)
        error_set(&error, REASON_BUSY, "out of memory: retry later");
    else
        error_set(&error, REASON_INVALID_ARGUMENT, "the call came without its message");
    serve_finish(call, &error);
}

static void received_done(struct cq_op *op, bool ok)
{
    struct serve_call *call = CALL(op, received);
    bool arrived = ok && call->incoming;
    struct bytes *message = core_take(call->incoming);
    call->incoming = NULL;
    if (!call->method->takes_stream) {
        first_message(call, arrived, message);
    } else {
        pthread_mutex_lock(&call->lock);
        bool tell = !call->finished;
        pthread_mutex_unlock(&call->lock);
        if (arrived && !message)
            give_up(call); /* no memory: lost follows */
        else if (tell)
            call->method->message(call, message);
    }
    bytes_unref(message);
    call_unref(call);
}

static void closed_done(struct cq_op *op, bool ok)
{
    struct serve_call *call = CALL(op, closed);
    (void)ok;
    pthread_mutex_lock(&call->lock);
    call->lost = call->cancelled;
    bool tell = call->lost && call->begun && !call->finished;
    pthread_mutex_unlock(&call->lock);
    if (tell)
        call->method->lost(call);
    call_unref(call);
}

static void refuse_unknown(struct serve_call *call)
{
    struct error error;
    char path[256];
    error_text(path, sizeof path, core_span(&call->details.method));
    error_set(&error, REASON_NO_SUCH_PATH,
              "there is no method %s here: check the version of client and server", path);
    error.grpc_status = GRPC_STATUS_UNIMPLEMENTED;
    serve_finish(call, &error);
}

static void call_admitted(struct serve_call *call, const struct serve_entry *entry)
{
    struct error error;
    if (entry->admit && !entry->admit(call, entry->service, &error))
        serve_finish(call, &error);
    else if (entry->method->takes_stream)
        begin(call, NULL);
    else
        serve_read(call);
}

/* A call has arrived. References: this function's, and the finish that is owed. */
static void call_start(struct serve_call *call)
{
    struct serve_entry *entry = serve_find(call->serve, core_span(&call->details.method));
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->cancelled;
    atomic_store(&call->refs, 2);
    pthread_mutex_lock(&call->lock);
    atomic_fetch_add(&call->refs, 1);
    start(call, &op, 1, &call->closed);
    pthread_mutex_unlock(&call->lock);
    if (entry) {
        call->method = entry->method;
        call->service = entry->service;
        call->entry = entry;
        tally_add(&entry->begun, 1);
        tally_add(&entry->open, 1);
    }
    if (entry)
        call_admitted(call, entry);
    else
        refuse_unknown(call);
    call_unref(call);
}

static void sent_done(struct cq_op *op, bool ok)
{
    struct serve_call *call = CALL(op, sent);
    grpc_byte_buffer_destroy(call->outgoing);
    call->outgoing = NULL;
    pthread_mutex_lock(&call->lock);
    bool tell = !call->finished;
    pthread_mutex_unlock(&call->lock);
    if (tell)
        call->method->sent(call, ok);
    call_unref(call);
}

static void accepted_done(struct cq_op *op, bool ok);

struct serve_call *serve_call_new(struct serve *serve)
{
    struct serve_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->serve = serve;
    call->accepted.done = accepted_done;
    call->received.done = received_done;
    call->sent.done = sent_done;
    call->ended.done = ended_done;
    call->closed.done = closed_done;
    pthread_mutex_init(&call->lock, NULL);
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->headers);
    return call;
}

/* Wait for a call to arrive. */
static void call_wait(struct serve_call *call)
{
    struct serve *serve = call->serve;
    cq_begin(serve->cq);
    grpc_call_error error =
        grpc_server_request_call(serve->server, &call->core, &call->details, &call->headers,
                                 cq_queue(serve->cq), cq_queue(serve->cq), &call->accepted);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

static void accepted_done(struct cq_op *op, bool ok)
{
    struct serve_call *call = CALL(op, accepted);
    struct serve *serve = call->serve;
    if (!ok) { /* the server stops */
        serve_call_free(call);
        serve_part_done(serve);
        return;
    }
    struct serve_call *next = serve_call_new(serve);
    if (!next) { /* no memory: rather lose this call than the next ones */
        give_up(call);
        grpc_call_unref(call->core);
        call->core = NULL;
        call_wait(call);
        return;
    }
    serve_call_accept(next);
    call_start(call);
}

void serve_call_accept(struct serve_call *call)
{
    atomic_fetch_add(&call->serve->parts, 1);
    call_wait(call);
}

/* ---- while it runs ---- */

void serve_call_set(struct serve_call *call, void *state)
{
    call->state = state;
}

void *serve_call_get(const struct serve_call *call)
{
    return call->state;
}

void serve_read(struct serve_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &call->incoming;
    pthread_mutex_lock(&call->lock);
    if (!call->finished) {
        atomic_fetch_add(&call->refs, 1);
        start(call, &op, 1, &call->received);
    }
    pthread_mutex_unlock(&call->lock);
}

/* With the lock held. */
static void send_locked(struct serve_call *call, grpc_byte_buffer *message, bool more)
{
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    /* Not with the first one: headers beside a message that is only buffered would not leave, nor ever be done. */
    bool buffer = more && call->headers_sent;
    size_t len = !call->headers_sent;
    assert(!call->outgoing);
    call->headers_sent = true;
    call->outgoing = message;
    ops[len] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .flags = buffer ? GRPC_WRITE_BUFFER_HINT : 0};
    ops[len++].data.send_message.send_message = message;
    atomic_fetch_add(&call->refs, 1);
    start(call, ops, len, &call->sent);
}

void serve_send(struct serve_call *call, struct bytes *const *parts, size_t parts_len, bool more)
{
    grpc_byte_buffer *message = core_message(parts, parts_len);
    pthread_mutex_lock(&call->lock);
    bool finished = call->finished;
    if (!finished)
        send_locked(call, message, more);
    pthread_mutex_unlock(&call->lock);
    if (finished)
        grpc_byte_buffer_destroy(message);
}

void serve_cancel(struct serve_call *call)
{
    grpc_call_cancel(call->core, NULL);
}

/* ---- who calls ---- */

const char *serve_call_path(const struct serve_call *call)
{
    return call->method ? call->method->path : "";
}

/* The first property of the connection's certificate with one of these names. Only read: the context is shared by all calls of the
 * connection (hazards 6). */
static char *identity_of(grpc_call *core)
{
    static const char *const names[] = {GRPC_PEER_DNS_PROPERTY_NAME, GRPC_PEER_URI_PROPERTY_NAME,
                                        GRPC_X509_CN_PROPERTY_NAME};
    grpc_auth_context *context = grpc_call_auth_context(core);
    char *identity = NULL;
    for (size_t i = 0; context && !identity && i < sizeof names / sizeof *names; i++) {
        grpc_auth_property_iterator it =
            grpc_auth_context_find_properties_by_name(context, names[i]);
        const grpc_auth_property *property = grpc_auth_property_iterator_next(&it);
        if (property && property->value_length > 0)
            identity = strndup(property->value, property->value_length);
    }
    if (context)
        grpc_auth_context_release(context);
    return identity;
}

const char *serve_call_identity(const struct serve_call *call)
{
    struct serve_call *mine = (struct serve_call *)call; /* remembered on first use */
    pthread_mutex_lock(&mine->lock);
    if (!mine->identity)
        mine->identity = identity_of(mine->core);
    const char *identity = mine->identity ? mine->identity : "";
    pthread_mutex_unlock(&mine->lock);
    return identity;
}

const char *serve_call_peer(const struct serve_call *call)
{
    struct serve_call *mine = (struct serve_call *)call;
    pthread_mutex_lock(&mine->lock);
    if (!mine->peer)
        mine->peer = grpc_call_get_peer(mine->core);
    pthread_mutex_unlock(&mine->lock);
    return mine->peer;
}

/* Only the listeners of serve_listen_private have gRPC's local credentials. */
bool serve_call_is_private(const struct serve_call *call)
{
    grpc_auth_context *context = grpc_call_auth_context(call->core);
    if (!context)
        return false;
    grpc_auth_property_iterator it = grpc_auth_context_find_properties_by_name(
        context, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
    const grpc_auth_property *property = grpc_auth_property_iterator_next(&it);
    bool local = property &&
                 text_equal((struct span){(const uint8_t *)property->value, property->value_length},
                            text_span("local"));
    grpc_auth_context_release(context);
    return local;
}

struct span serve_call_header(const struct serve_call *call, const char *key)
{
    for (size_t i = 0; i < call->headers.count; i++)
        if (text_equal(core_span(&call->headers.metadata[i].key), text_span(key)))
            return core_span(&call->headers.metadata[i].value);
    return (struct span){NULL, 0};
}

int64_t serve_call_left_ms(const struct serve_call *call)
{
    return core_left_ms(call->details.deadline);
}
