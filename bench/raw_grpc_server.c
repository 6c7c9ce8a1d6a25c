/*
 * raw_grpc_server.c - see raw_grpc.h. One completion queue, one thread, as photond has by default; slices are referenced, not copied.
 */
#include <assert.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/raw_grpc.h"

enum { SLICES_MAX = 64, SLICE_BYTES_MAX = 1024 * 1024 };

struct server {
    grpc_completion_queue *cq;
    grpc_server *server;
    void *methods[3]; /* unary, stream, echo */
};

struct call {
    struct raw_op op; /* first */
    struct server *server;
    size_t method;
    grpc_call *call;
    grpc_metadata_array metadata;
    gpr_timespec deadline;
    grpc_byte_buffer *payload;
    uint32_t left; /* messages */
    grpc_slice slices[SLICES_MAX];
    uint32_t slices_len, slice_bytes;
    unsigned char *distinct; /* NULL: the same slices again and again */
    size_t distinct_at;
    grpc_byte_buffer *message; /* being sent */
    int cancelled;
    bool asked, ended;
};

static void call_done(struct raw_op *op, bool ok);

static void call_await(struct server *server, size_t method)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call)
        die("no memory");
    call->op.done = call_done;
    call->server = server;
    call->method = method;
    grpc_metadata_array_init(&call->metadata);
    grpc_server_request_registered_call(server->server, server->methods[method], &call->call,
                                        &call->deadline, &call->metadata, &call->payload,
                                        server->cq, server->cq, call);
}

static void call_free(struct call *call)
{
    for (uint32_t i = 0; i < call->slices_len; i++)
        grpc_slice_unref(call->slices[i]);
    grpc_byte_buffer_destroy(call->message);
    grpc_byte_buffer_destroy(call->payload);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_unref(call->call);
    free(call);
}

static struct raw_request request_read(grpc_byte_buffer *payload)
{
    struct raw_request request = {1, 1, 1, 0};
    grpc_byte_buffer_reader reader;
    if (!payload || !grpc_byte_buffer_reader_init(&reader, payload))
        die("a call without a request");
    grpc_slice all = grpc_byte_buffer_reader_readall(&reader);
    if (GRPC_SLICE_LENGTH(all) == sizeof request)
        memcpy(&request, GRPC_SLICE_START_PTR(all), sizeof request);
    grpc_slice_unref(all);
    grpc_byte_buffer_reader_destroy(&reader);
    if (request.slices > SLICES_MAX || request.slice_bytes > SLICE_BYTES_MAX)
        die("a request over the limits");
    return request;
}

/* Made once, and written to, so that its pages are there. */
static unsigned char *distinct_memory(void)
{
    static unsigned char *memory;
    if (!memory) {
        memory = malloc(RAW_DISTINCT_BYTES);
        if (!memory)
            die("no memory");
        memset(memory, 'x', RAW_DISTINCT_BYTES);
    }
    return memory;
}

/* Slices of memory that was not sent before. */
static void call_advance(struct call *call)
{
    for (uint32_t i = 0; i < call->slices_len; i++) {
        if (call->distinct_at + call->slice_bytes > RAW_DISTINCT_BYTES)
            call->distinct_at = 0;
        call->slices[i] =
            grpc_slice_from_static_buffer(call->distinct + call->distinct_at, call->slice_bytes);
        call->distinct_at += call->slice_bytes;
    }
}

static void call_begin(struct call *call)
{
    struct raw_request request = request_read(call->payload);
    call->distinct = request.distinct ? distinct_memory() : NULL;
    for (uint32_t i = 0; i < request.slices && !call->distinct; i++) {
        call->slices[i] = grpc_slice_malloc(request.slice_bytes);
        memset(GRPC_SLICE_START_PTR(call->slices[i]), 'x', request.slice_bytes);
    }
    call->slices_len = request.slices;
    call->slice_bytes = request.slice_bytes;
    call->left = call->method == 0 ? 1 : request.messages;
}

/* The next message, with the end of the call after the last. */
static void call_send(struct call *call, bool first)
{
    grpc_op ops[4] = {0};
    size_t n = 0;
    if (first)
        ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (call->left) {
        call->left--;
        grpc_byte_buffer_destroy(call->message); /* gRPC takes the slices out of what it sends */
        if (call->distinct)
            call_advance(call);
        call->message = grpc_raw_byte_buffer_create(call->slices, call->slices_len);
        ops[n].op = GRPC_OP_SEND_MESSAGE;
        ops[n++].data.send_message.send_message = call->message;
    }
    if (call->left == 0) {
        call->ended = true;
        ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
        ops[n++].data.send_status_from_server.status = GRPC_STATUS_OK;
        ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
        ops[n++].data.recv_close_on_server.cancelled = &call->cancelled;
    }
    if (grpc_call_start_batch(call->call, ops, n, call, NULL) != GRPC_CALL_OK)
        die("gRPC refused a batch");
}

static void call_done(struct raw_op *op, bool ok)
{
    struct call *call = (struct call *)op;
    if (!call->asked) {
        if (!ok) {
            free(call);
            return;
        }
        call->asked = true;
        call_await(call->server, call->method);
        call_begin(call);
        call_send(call, true);
    } else if (call->ended) {
        call_free(call);
    } else {
        if (!ok)
            call->left = 0;
        call_send(call, false);
    }
}

static void *server_run(void *user)
{
    struct server *server = user;
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(server->cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type != GRPC_OP_COMPLETE)
            return NULL;
        struct raw_op *op = event.tag;
        op->done(op, event.success != 0);
    }
}

static grpc_server_credentials *server_credentials(const struct args *args)
{
    const char *cert = file_text(args_text(args, "cert", ""));
    if (!cert)
        return grpc_insecure_server_credentials_create();
    grpc_ssl_pem_key_cert_pair pair = {file_text(args_text(args, "key", "")), cert};
    return grpc_ssl_server_credentials_create_ex(
        file_text(args_text(args, "ca", "")), &pair, 1,
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, NULL);
}

int raw_grpc_serve(const struct args *args)
{
    grpc_init();
    struct server server = {.cq = grpc_completion_queue_create_for_next(NULL)};
    server.server = grpc_server_create(NULL, NULL);
    grpc_server_register_completion_queue(server.server, server.cq, NULL);
    const char *const paths[] = {RAW_UNARY, RAW_STREAM};
    for (size_t i = 0; i < 2; i++)
        server.methods[i] = grpc_server_register_method(
            server.server, paths[i], NULL, GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    server.methods[2] =
        grpc_server_register_method(server.server, RAW_ECHO, NULL, GRPC_SRM_PAYLOAD_NONE, 0);
    int port = grpc_server_add_http2_port(server.server, "127.0.0.1:0", server_credentials(args));
    if (port == 0)
        die("no port");
    grpc_server_start(server.server);
    for (size_t i = 0; i < 2; i++)
        call_await(&server, i);
    raw_echo_await(server.server, server.cq, server.methods[2]);
    pthread_t thread;
    if (pthread_create(&thread, NULL, server_run, &server) != 0)
        die("no thread");
    printf("{\"port\": %d}\n", port);
    ready_wait();
    return 0;
}
