/*
 * client.c - channels, and calls over them.
 *
 * One batch waits for headers and status from the start; each send and each read is a batch of its own, but for the only request of a
 * call, which goes out with the first read; all are started under the call's lock (hazards 5). finished runs when the last of them is
 * done, in whatever order gRPC ends them. A call is referenced by its owner and by each batch.
 */
#include "wire/client.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include "wire/advice.h"
#include "wire/codec-error.h"
#include "wire/core.h"
#include "wire/target.h"
#include "wire/text.h"
#include "wire/tls.h"

enum { RECONNECT_FIRST_MS = 50, METADATA_BYTES_MAX = 64 * 1024, CONNECT_MS = 5000 };

struct channel {
    struct cq *cq;
    grpc_channel *core;
    enum advice_side side;
};

/* Which handlers run now, and on which thread. */
enum { RUNS_MESSAGE, RUNS_SENT, RUNS_FINISHED, RUNS };

struct client_call {
    struct channel *channel;
    const struct client_handler *handler;
    void *user;
    uint32_t flags; /* of the initial metadata */

    struct cq_op asked, received, sent, ended, closed;
    grpc_call *core;
    grpc_byte_buffer *incoming, *outgoing;
    grpc_metadata_array headers, trailers;
    grpc_status_code status;
    grpc_slice text;

    atomic_size_t refs;
    pthread_mutex_t lock; /* of what follows, and of starting batches */
    pthread_cond_t quiet; /* a handler has returned */
    size_t under_way;     /* batches whose handler has not returned */
    bool out;             /* the headers have been sent */
    bool freed, finished;
    bool runs[RUNS];
    pthread_t thread[RUNS];
};

#define CALL(op, member) ((struct client_call *)((char *)(op)-offsetof(struct client_call, member)))

/* ---- channels ---- */

static grpc_arg integer(const char *key, int64_t value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)key};
    arg.value.integer = value < INT32_MAX ? (int)value : INT32_MAX;
    return arg;
}

static grpc_arg string(const char *key, const char *value)
{
    grpc_arg arg = {.type = GRPC_ARG_STRING, .key = (char *)key};
    arg.value.string = (char *)value;
    return arg;
}

static grpc_channel_credentials *credentials(const struct tls_client_options *tls)
{
    if (!tls)
        return grpc_insecure_credentials_create();
    grpc_ssl_pem_key_cert_pair pair = {tls->key_pem, tls->cert_pem};
    return grpc_ssl_credentials_create_ex(tls->ca_pem, tls->cert_pem ? &pair : NULL, NULL, NULL);
}

/* name: what the certificate is checked for. */
static grpc_channel *core_channel(const char *uri, const char *name,
                                  const struct channel_options *options)
{
    grpc_arg args[20];
    size_t len = 0;
    args[len++] = integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                          (int64_t)(options->message_bytes_max & INT64_MAX));
    args[len++] = integer(GRPC_ARG_MAX_METADATA_SIZE, METADATA_BYTES_MAX);
    args[len++] = integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS);
    args[len++] = integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, options->reconnect_max_ms);
    args[len++] = integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, /* of one attempt */
                          options->connect_ms ? options->connect_ms : CONNECT_MS);
    args[len++] = integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1); /* a connection of its own */
    args[len++] = integer(GRPC_ARG_ENABLE_RETRIES, 0);            /* whoever calls decides */
    args[len++] = integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    args[len++] = integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    args[len++] = integer(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
    args[len++] = integer(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    if (options->user_agent)
        args[len++] = string(GRPC_ARG_PRIMARY_USER_AGENT_STRING, options->user_agent);
    if (options->tls)
        args[len++] = string(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, name);
    if (options->keepalive_ms > 0) {
        args[len++] = integer(GRPC_ARG_KEEPALIVE_TIME_MS, options->keepalive_ms);
        args[len++] = integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options->keepalive_ms);
        args[len++] = integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    }
    assert(len <= sizeof args / sizeof *args);
    grpc_channel_credentials *creds = credentials(options->tls);
    if (!creds)
        return NULL;
    grpc_channel_args all = {len, args};
    grpc_channel *core = grpc_channel_create(uri, creds, &all);
    grpc_channel_credentials_release(creds);
    return core;
}

struct channel *channel_open(struct cq *cq, const char *target,
                             const struct channel_options *options, struct error *error)
{
    const struct tls_client_options *tls = options->tls;
    char uri[TARGET_BYTES], host[TARGET_HOST_BYTES];
    if (target_parse(target, uri, host, error) != REASON_NONE)
        return NULL;
    if (tls && !tls_client_check(tls->ca_pem, tls->cert_pem, tls->key_pem, error))
        return NULL;
    struct channel *channel = calloc(1, sizeof *channel);
    if (channel) {
        channel->cq = cq;
        channel->side = !tls ? ADVICE_PLAIN : tls->cert_pem ? ADVICE_MUTUAL : ADVICE_TLS;
        channel->core =
            core_channel(uri, tls && tls->server_name ? tls->server_name : host, options);
    }
    if (channel && channel->core)
        return channel;
    error_set(error, REASON_INVALID_ARGUMENT, "cannot connect to \"%s\": gRPC refuses the settings",
              target);
    free(channel);
    return NULL;
}

void channel_close(struct channel *channel)
{
    if (!channel)
        return;
    grpc_channel_destroy(channel->core);
    free(channel);
}

enum channel_state channel_state(struct channel *channel, bool connect)
{
    switch (grpc_channel_check_connectivity_state(channel->core, connect)) {
    case GRPC_CHANNEL_IDLE:
        return CHANNEL_IDLE;
    case GRPC_CHANNEL_CONNECTING:
        return CHANNEL_CONNECTING;
    case GRPC_CHANNEL_READY:
        return CHANNEL_READY;
    case GRPC_CHANNEL_TRANSIENT_FAILURE:
        return CHANNEL_DOWN;
    default:
        return CHANNEL_SHUTDOWN;
    }
}

void channel_watch(struct channel *channel, enum channel_state last, int32_t timeout_ms,
                   struct cq_op *changed)
{
    static const grpc_connectivity_state states[] = {
        [CHANNEL_IDLE] = GRPC_CHANNEL_IDLE,         [CHANNEL_CONNECTING] = GRPC_CHANNEL_CONNECTING,
        [CHANNEL_READY] = GRPC_CHANNEL_READY,       [CHANNEL_DOWN] = GRPC_CHANNEL_TRANSIENT_FAILURE,
        [CHANNEL_SHUTDOWN] = GRPC_CHANNEL_SHUTDOWN,
    };
    cq_begin(channel->cq);
    grpc_channel_watch_connectivity_state(channel->core, states[last], core_deadline(timeout_ms),
                                          cq_queue(channel->cq), changed);
}

/* ---- calls: handlers and references ---- */

static void call_unref(struct client_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    grpc_call_unref(call->core);
    grpc_metadata_array_destroy(&call->headers);
    grpc_metadata_array_destroy(&call->trailers);
    grpc_slice_unref(call->text);
    pthread_mutex_destroy(&call->lock);
    pthread_cond_destroy(&call->quiet);
    free(call);
}

/* A handler may run now; it is said so until handler_done. */
static bool handler_begin(struct client_call *call, int which)
{
    pthread_mutex_lock(&call->lock);
    bool run = !call->freed;
    if (run) {
        call->runs[which] = true;
        call->thread[which] = pthread_self();
    }
    pthread_mutex_unlock(&call->lock);
    return run;
}

static void handler_done(struct client_call *call, int which)
{
    pthread_mutex_lock(&call->lock);
    call->runs[which] = false;
    pthread_cond_broadcast(&call->quiet);
    pthread_mutex_unlock(&call->lock);
}

static struct span trailer(const struct client_call *call, const char *key)
{
    for (size_t i = 0; i < call->trailers.count; i++)
        if (text_equal(core_span(&call->trailers.metadata[i].key), text_span(key)))
            return core_span(&call->trailers.metadata[i].value);
    return (struct span){NULL, 0};
}

static void finish(struct client_call *call)
{
    struct error error;
    error_from_status((int)call->status, core_span(&call->text),
                      trailer(call, "grpc-status-details-bin"), &error);
    advice_add(&error, call->channel->side);
    call->handler->finished(call, &error);
}

/* A batch is done and its handler has returned. */
static void batch_done(struct client_call *call)
{
    pthread_mutex_lock(&call->lock);
    bool last = --call->under_way == 0;
    call->finished |= last;
    pthread_mutex_unlock(&call->lock);
    if (last && handler_begin(call, RUNS_FINISHED)) {
        finish(call);
        handler_done(call, RUNS_FINISHED);
    }
    call_unref(call);
}

/* With the lock held. */
static void start(struct client_call *call, const grpc_op *ops, size_t len, struct cq_op *op)
{
    call->under_way++;
    atomic_fetch_add(&call->refs, 1);
    cq_begin(call->channel->cq);
    grpc_call_error error = grpc_call_start_batch(call->core, ops, len, op, NULL);
    assert(error == GRPC_CALL_OK); /* else two operations of one kind at a time */
    (void)error;
}

/* A read is done. */
static void receive(struct client_call *call, bool ok)
{
    bool arrived = ok && call->incoming;
    struct bytes *message = core_take(call->incoming);
    call->incoming = NULL;
    if (arrived && !message)
        grpc_call_cancel_with_status(call->core, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory",
                                     NULL);
    if (handler_begin(call, RUNS_MESSAGE)) {
        call->handler->message(call, message);
        handler_done(call, RUNS_MESSAGE);
    }
    bytes_unref(message);
    batch_done(call);
}

static void received_done(struct cq_op *op, bool ok)
{
    receive(CALL(op, received), ok);
}

static void outgoing_drop(struct client_call *call)
{
    grpc_byte_buffer_destroy(call->outgoing);
    call->outgoing = NULL;
}

static void asked_done(struct cq_op *op, bool ok)
{
    outgoing_drop(CALL(op, asked));
    receive(CALL(op, asked), ok);
}

static void sent_done(struct cq_op *op, bool ok)
{
    struct client_call *call = CALL(op, sent);
    outgoing_drop(call);
    if (handler_begin(call, RUNS_SENT)) {
        call->handler->sent(call, ok);
        handler_done(call, RUNS_SENT);
    }
    batch_done(call);
}

static void ended_done(struct cq_op *op, bool ok)
{
    (void)ok;
    batch_done(CALL(op, ended));
}

static void closed_done(struct cq_op *op, bool ok)
{
    (void)ok;
    batch_done(CALL(op, closed));
}

/* ---- calls: from outside ---- */

struct client_call *client_call_new(struct channel *channel, const char *path, int64_t timeout_ms,
                                    bool wait_for_ready, const struct client_handler *handler,
                                    void *user)
{
    struct client_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->channel = channel;
    call->handler = handler;
    call->user = user;
    call->flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET |
                  (wait_for_ready ? GRPC_INITIAL_METADATA_WAIT_FOR_READY : 0);
    call->asked.done = asked_done;
    call->received.done = received_done;
    call->sent.done = sent_done;
    call->ended.done = ended_done;
    call->closed.done = closed_done;
    call->text = grpc_empty_slice();
    grpc_metadata_array_init(&call->headers);
    grpc_metadata_array_init(&call->trailers);
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->quiet, NULL);
    atomic_init(&call->refs, 1);
    grpc_slice method = core_slice(text_span(path));
    call->core = grpc_channel_create_call(channel->core, NULL, GRPC_PROPAGATE_DEFAULTS,
                                          cq_queue(channel->cq), method, NULL,
                                          core_deadline(timeout_ms), NULL);
    grpc_slice_unref(method);
    grpc_op ops[2] = {{.op = GRPC_OP_RECV_INITIAL_METADATA}, {.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};
    ops[0].data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    ops[1].data.recv_status_on_client.trailing_metadata = &call->trailers;
    ops[1].data.recv_status_on_client.status = &call->status;
    ops[1].data.recv_status_on_client.status_details = &call->text;
    pthread_mutex_lock(&call->lock);
    start(call, ops, 2, &call->closed);
    pthread_mutex_unlock(&call->lock);
    return call;
}

void *client_call_user(const struct client_call *call)
{
    return call->user;
}

/* The headers go out in the first batch that sends. With the lock held. */
static size_t head(struct client_call *call, grpc_op *op)
{
    *op = (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA, .flags = call->flags};
    size_t len = call->out ? 0 : 1;
    call->out = true;
    return len;
}

/* What sends a message goes into ops, which hold three: headers that are due, the message, the half-close. With the lock held. */
static size_t outgo(struct client_call *call, grpc_byte_buffer *message, bool last, grpc_op *ops)
{
    assert(!call->outgoing);
    size_t len = head(call, ops);
    call->outgoing = message;
    ops[len] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
    ops[len++].data.send_message.send_message = message;
    if (last)
        ops[len++] = (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
    return len;
}

static grpc_op income(struct client_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &call->incoming;
    return op;
}

void client_call_ask(struct client_call *call, struct bytes *request)
{
    grpc_op ops[4];
    grpc_byte_buffer *message = core_message(&request, 1);
    pthread_mutex_lock(&call->lock);
    if (call->finished) {
        grpc_byte_buffer_destroy(message);
    } else {
        size_t len = outgo(call, message, true, ops);
        ops[len++] = income(call);
        start(call, ops, len, &call->asked);
    }
    pthread_mutex_unlock(&call->lock);
}

void client_call_send(struct client_call *call, struct bytes *const *parts, size_t parts_len,
                      bool last)
{
    grpc_op ops[3];
    grpc_byte_buffer *message = core_message(parts, parts_len);
    pthread_mutex_lock(&call->lock);
    if (call->finished)
        grpc_byte_buffer_destroy(message);
    else
        start(call, ops, outgo(call, message, last, ops), &call->sent);
    pthread_mutex_unlock(&call->lock);
}

void client_call_end(struct client_call *call)
{
    grpc_op ops[2];
    pthread_mutex_lock(&call->lock);
    if (!call->finished) {
        size_t len = head(call, ops);
        ops[len++] = (grpc_op){.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
        start(call, ops, len, &call->ended);
    }
    pthread_mutex_unlock(&call->lock);
}

void client_call_read(struct client_call *call)
{
    pthread_mutex_lock(&call->lock);
    grpc_op op = income(call);
    if (!call->finished)
        start(call, &op, 1, &call->received);
    pthread_mutex_unlock(&call->lock);
}

void client_call_cancel(struct client_call *call)
{
    grpc_call_cancel(call->core, NULL);
}

/* Does a handler run on another thread? With the lock held. */
static bool runs_elsewhere(const struct client_call *call)
{
    for (int i = 0; i < RUNS; i++)
        if (call->runs[i] && !pthread_equal(call->thread[i], pthread_self()))
            return true;
    return false;
}

void client_call_free(struct client_call *call)
{
    if (!call)
        return;
    pthread_mutex_lock(&call->lock);
    assert(!call->freed);
    call->freed = true;
    while (runs_elsewhere(call))
        pthread_cond_wait(&call->quiet, &call->lock);
    pthread_mutex_unlock(&call->lock);
    grpc_call_cancel(call->core, NULL);
    call_unref(call);
}
