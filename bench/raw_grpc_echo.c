/*
 * raw_grpc_echo.c - see raw_grpc.h. Both sides are one structure that reads and writes on its own; the client writes what its window
 * allows, the server what it has read. A message is one write: gRPC does not put them together.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/raw_grpc.h"

struct echo {
    struct raw_op accepted, read, written, ended;
    grpc_server *server; /* NULL: the client */
    grpc_completion_queue *cq;
    void *method;
    grpc_call *call;
    grpc_metadata_array metadata, trailing;
    gpr_timespec deadline;
    grpc_byte_buffer *in, *out;
    grpc_slice body;
    bool writing, over;
    uint64_t due;                      /* to be written */
    uint64_t left, came, calls, begun; /* the client's */
    int cancelled;
    grpc_status_code status;
    grpc_slice details;
};

#define ECHO(op, member) ((struct echo *)((char *)(op)-offsetof(struct echo, member)))

static void start(struct echo *e, const grpc_op *ops, size_t n, struct raw_op *op)
{
    if (grpc_call_start_batch(e->call, ops, n, op, NULL) != GRPC_CALL_OK)
        die("gRPC refused a batch");
}

static void read_on(struct echo *e)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &e->in;
    start(e, &op, 1, &e->read);
}

static void write_on(struct echo *e)
{
    if (e->writing || e->over || e->due == 0)
        return;
    e->writing = true;
    e->due--;
    e->out = grpc_raw_byte_buffer_create(&e->body, 1);
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};
    op.data.send_message.send_message = e->out;
    start(e, &op, 1, &e->written);
}

static void written(struct raw_op *op, bool ok)
{
    struct echo *e = ECHO(op, written);
    grpc_byte_buffer_destroy(e->out);
    e->writing = false;
    e->over = e->over || !ok;
    write_on(e);
}

static void came(struct raw_op *op, bool ok)
{
    struct echo *e = ECHO(op, read);
    if (!ok || !e->in) {
        e->over = true; /* the server's call is left as it is: the program ends soon */
        return;
    }
    grpc_byte_buffer_destroy(e->in);
    e->in = NULL;
    e->came++;
    if (e->server || e->left) {
        e->left -= e->server ? 0 : 1;
        e->due++;
    }
    if (e->server || e->came < e->calls)
        read_on(e);
    write_on(e);
}

static void ended(struct raw_op *op, bool ok)
{
    (void)op;
    (void)ok;
}

static struct echo *echo_new(grpc_completion_queue *cq, uint32_t bytes)
{
    struct echo *e = calloc(1, sizeof *e);
    if (!e)
        die("no memory");
    e->cq = cq;
    e->read.done = came;
    e->written.done = written;
    e->ended.done = ended;
    e->body = grpc_slice_malloc(bytes);
    memset(GRPC_SLICE_START_PTR(e->body), 'x', bytes);
    grpc_metadata_array_init(&e->metadata);
    grpc_metadata_array_init(&e->trailing);
    return e;
}

static void accepted(struct raw_op *op, bool ok)
{
    struct echo *e = ECHO(op, accepted);
    if (!ok)
        return;
    raw_echo_await(e->server, e->cq, e->method);
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, {.op = GRPC_OP_RECV_CLOSE_ON_SERVER}};
    ops[1].data.recv_close_on_server.cancelled = &e->cancelled;
    start(e, ops, 1, &e->ended);
    start(e, ops + 1, 1, &e->ended);
    read_on(e);
}

void raw_echo_await(grpc_server *server, grpc_completion_queue *cq, void *method)
{
    enum { BYTES = 256 };
    struct echo *e = echo_new(cq, BYTES);
    e->server = server;
    e->method = method;
    e->accepted.done = accepted;
    grpc_server_request_registered_call(server, method, &e->call, &e->deadline, &e->metadata, NULL,
                                        cq, cq, &e->accepted);
}

void raw_echo_measure(grpc_channel *channel, grpc_completion_queue *cq, void *method,
                      uint64_t calls, uint64_t window, uint32_t bytes)
{
    struct echo *e = echo_new(cq, bytes);
    e->call = grpc_channel_create_registered_call(channel, NULL, 0, cq, method,
                                                  gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, {.op = GRPC_OP_RECV_INITIAL_METADATA}};
    ops[1].data.recv_initial_metadata.recv_initial_metadata = &e->trailing;
    start(e, ops, 2, &e->ended);
    e->calls = calls;
    e->due = window < calls ? window : calls;
    e->left = calls - e->due;
    e->begun = mono_ns();
    read_on(e);
    write_on(e);
    while (e->came < e->calls) {
        grpc_event event = grpc_completion_queue_next(cq, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        struct raw_op *op = event.tag;
        op->done(op, event.success != 0);
        if (e->over)
            die("the call has ended");
    }
    result_print("count", (double)calls, "per_s", (double)calls / seconds_since(e->begun), NULL);
}
