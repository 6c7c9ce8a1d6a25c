/*
 * raw_grpc.c - see raw_grpc.h; and the client, which polls its completion queue on its one thread.
 *
 *   verb=serve    ca=, cert=, key=: with TLS
 *   verb=unary    one call after the other: latency. slices=, slice_bytes=: of the answer
 *   verb=stream   one streaming call after the other: bytes a second; distinct=1: of memory that was not sent before;
 *                 keep=1: with the allocator told to keep what is freed, as libmuon tells it
 *   verb=echo     streams both ways: messages a second, window= of them in flight, slice_bytes= each
 *   verb=idle     connect, tell the memory, and do nothing
 */
#include "bench/raw_grpc.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <string.h>

#include "bench/measure.h"
#include "wire/memory.h"

struct client {
    grpc_completion_queue *cq;
    grpc_channel *channel;
    void *methods[3];
};

static grpc_channel_credentials *client_credentials(const struct args *args)
{
    const char *ca = file_text(args_text(args, "ca", ""));
    if (!ca)
        return grpc_insecure_credentials_create();
    grpc_ssl_pem_key_cert_pair pair = {file_text(args_text(args, "key", "")),
                                       file_text(args_text(args, "cert", ""))};
    return grpc_ssl_credentials_create(ca, &pair, NULL, NULL);
}

static bool client_wait(struct client *client)
{
    grpc_event event =
        grpc_completion_queue_next(client->cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    return event.type == GRPC_OP_COMPLETE && event.success;
}

static struct client client_open(const struct args *args)
{
    grpc_init();
    struct client client = {.cq = grpc_completion_queue_create_for_next(NULL)};
    grpc_arg limit = {.type = GRPC_ARG_INTEGER, .key = GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH};
    limit.value.integer = 64 * 1024 * 1024;
    grpc_channel_args channel_args = {1, &limit};
    client.channel = grpc_channel_create(args_text(args, "target", "127.0.0.1:1"),
                                         client_credentials(args), &channel_args);
    client.methods[0] = grpc_channel_register_call(client.channel, RAW_UNARY, NULL, NULL);
    client.methods[1] = grpc_channel_register_call(client.channel, RAW_STREAM, NULL, NULL);
    client.methods[2] = grpc_channel_register_call(client.channel, RAW_ECHO, NULL, NULL);
    return client;
}

static void start(grpc_call *call, const grpc_op *ops, size_t n)
{
    if (grpc_call_start_batch(call, ops, n, NULL, NULL) != GRPC_CALL_OK)
        die("gRPC refused a batch");
}

/* What a call needs until its status is there. */
struct ended {
    grpc_metadata_array initial, trailing;
    grpc_status_code status;
    grpc_slice details;
};

static void ended_check(struct ended *ended)
{
    if (ended->status != GRPC_STATUS_OK)
        die("a call failed: %.*s", (int)GRPC_SLICE_LENGTH(ended->details),
            (const char *)GRPC_SLICE_START_PTR(ended->details));
    grpc_slice_unref(ended->details);
    grpc_metadata_array_destroy(&ended->initial);
    grpc_metadata_array_destroy(&ended->trailing);
}

/* One whole call. Returns the bytes that came. */
static uint64_t client_call(struct client *client, size_t method, const struct raw_request *request)
{
    grpc_call *call = grpc_channel_create_registered_call(client->channel, NULL, 0, client->cq,
                                                          client->methods[method],
                                                          gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_slice slice = grpc_slice_from_copied_buffer((const char *)request, sizeof *request);
    grpc_byte_buffer *out = grpc_raw_byte_buffer_create(&slice, 1), *in = NULL;
    struct ended ended = {0};
    grpc_op ops[6] = {0};
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = out;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &ended.initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &in;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &ended.trailing;
    ops[5].data.recv_status_on_client.status = &ended.status;
    ops[5].data.recv_status_on_client.status_details = &ended.details;
    start(call, ops, method == 0 ? 6 : 5);
    uint64_t bytes = 0;
    bool ok = client_wait(client);
    while (ok && in) {
        bytes += grpc_byte_buffer_length(in);
        grpc_byte_buffer_destroy(in);
        in = NULL;
        if (method == 0)
            break;
        start(call, &ops[4], 1);
        ok = client_wait(client);
    }
    if (method != 0) {
        start(call, &ops[5], 1);
        client_wait(client);
    }
    ended_check(&ended);
    grpc_byte_buffer_destroy(out);
    grpc_slice_unref(slice);
    grpc_call_unref(call);
    return bytes;
}

static void measure_unary(struct client *client, const struct raw_request *request, uint64_t calls)
{
    struct samples samples = {0};
    for (uint64_t i = 0; i < calls / 10 + 1; i++)
        client_call(client, 0, request);
    uint64_t begin = mono_ns();
    for (uint64_t i = 0; i < calls; i++) {
        uint64_t from = mono_ns();
        client_call(client, 0, request);
        samples_add(&samples, (int64_t)(mono_ns() - from));
    }
    result_print_samples(&samples, seconds_since(begin));
}

static void measure_stream(struct client *client, const struct raw_request *request)
{
    struct raw_request one = *request;
    one.messages = 1;
    client_call(client, 1, &one); /* connects */
    uint64_t begin = mono_ns();
    uint64_t bytes = client_call(client, 1, request);
    double seconds = seconds_since(begin);
    result_print("bytes", (double)bytes, "seconds", seconds, "mb_per_s",
                 (double)bytes / 1e6 / seconds, NULL);
}

int main(int argc, char **argv)
{
    struct args args = {argc, argv};
    const char *verb = args_text(&args, "verb", "");
    if (strcmp(verb, "serve") == 0)
        return raw_grpc_serve(&args);
    if (args_number(&args, "keep", 0))
        memory_keep();
    struct client client = client_open(&args);
    struct raw_request request = {(uint32_t)args_number(&args, "messages", 1000),
                                  (uint32_t)args_number(&args, "slices", 2),
                                  (uint32_t)args_number(&args, "slice_bytes", 65536),
                                  (uint32_t)args_number(&args, "distinct", 0)};
    if (strcmp(verb, "unary") == 0) {
        measure_unary(&client, &request, args_number(&args, "calls", 10000));
    } else if (strcmp(verb, "stream") == 0) {
        measure_stream(&client, &request);
    } else if (strcmp(verb, "echo") == 0) {
        client_call(&client, 0, &request); /* connects */
        raw_echo_measure(client.channel, client.cq, client.methods[2],
                         args_number(&args, "calls", 10000), args_number(&args, "window", 128),
                         request.slice_bytes);
    } else if (strcmp(verb, "idle") == 0) {
        client_call(&client, 0, &request);
        result_print("rss_mb", rss_mb(), NULL);
        ready_wait();
    } else {
        die("verb=%s: serve, unary, stream, echo or idle", verb);
    }
    return 0;
}
