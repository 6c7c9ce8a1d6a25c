/*
 * serve.c - the server: its table of methods, its listeners, and how it stops.
 *
 * A number of calls are waited for at any time; each that arrives has itself replaced before it is worked on (serve-call.c).
 * Stopping ends what only the server itself could end (health's watchers, reflection), then asks gRPC, which refuses new connections
 * and calls and tells when its connections are gone; our own completions may still be under way then, so parts are counted.
 */
#include "wire/serve.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <grpc/grpc_security.h>

#include "wire/health.h"
#include "wire/listen.h"
#include "wire/reflection.h"
#include "wire/serve-call.h"
#include "wire/text.h"
#include "wire/tls.h"

enum { OWN_SERVICES = 3, SERVICES_MAX = 64, HANDSHAKE_MS = 10000, PING_MIN_MS = 1000 };

/* ---- the table ---- */

static size_t path_hash(struct span path)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < path.len; i++)
        h = (h ^ path.data[i]) * 1099511628211u;
    return (size_t)h;
}

struct serve_entry *serve_find(const struct serve *serve, struct span path)
{
    size_t at = path_hash(path) & serve->mask;
    for (; serve->table[at].method; at = (at + 1) & serve->mask)
        if (text_equal(path, text_span(serve->table[at].method->path)))
            return &serve->table[at];
    return NULL;
}

static void table_add(struct serve *serve, const struct serve_service *service)
{
    for (size_t i = 0; i < service->methods_len; i++) {
        const struct serve_method *method = &service->methods[i];
        size_t at = path_hash(text_span(method->path)) & serve->mask;
        assert(!serve_find(serve, text_span(method->path)));
        while (serve->table[at].method)
            at = (at + 1) & serve->mask;
        serve->table[at].method = method;
        serve->table[at].service = service->service;
        serve->table[at].admit = service->admit;
    }
}

static bool table_new(struct serve *serve, const struct serve_service *services, size_t len)
{
    size_t methods = 0;
    for (size_t i = 0; i < len; i++)
        methods += services[i].methods_len;
    serve->mask = 1;
    while (serve->mask < 2 * methods)
        serve->mask = 2 * serve->mask + 1;
    serve->table = calloc(serve->mask + 1, sizeof *serve->table);
    for (size_t i = 0; serve->table && i < len; i++)
        table_add(serve, &services[i]);
    return serve->table;
}

/* ---- the server ---- */

static grpc_arg integer(const char *key, int64_t value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)key};
    arg.value.integer = value < INT32_MAX ? (int)value : INT32_MAX;
    return arg;
}

static grpc_server *server_new(const struct serve_options *options)
{
    grpc_arg args[] = {
        integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
                (int64_t)(options->message_bytes_max & INT64_MAX)),
        integer(GRPC_ARG_MAX_METADATA_SIZE, options->metadata_bytes_max),
        integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, options->calls_per_connection_max),
        integer(GRPC_ARG_ALLOW_REUSEPORT, 0), /* a port in use is an error */
        integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, HANDSHAKE_MS),
        integer(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, PING_MIN_MS),
        integer(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0),
        integer(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0),
        integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        integer(GRPC_ARG_KEEPALIVE_TIME_MS, options->keepalive_ms),
        integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options->keepalive_ms),
    };
    size_t len = sizeof args / sizeof *args;
    grpc_channel_args all = {options->keepalive_ms > 0 ? len : len - 2, args};
    return grpc_server_create(&all, NULL);
}

/* What waits for calls later has its memory now, since a start cannot fail. */
static bool first_new(struct serve *serve)
{
    size_t i = 0;
    while (i < SERVE_ACCEPTS && (serve->first[i] = serve_call_new(serve)))
        i++;
    return i == SERVE_ACCEPTS;
}

static uint32_t start_new(void)
{
    uint32_t start;
    while (getrandom(&start, sizeof start, 0) != sizeof start)
        if (errno != EINTR)
            abort();
    return start;
}

struct serve *serve_new(struct cq *cq, const struct serve_service *services, size_t services_len,
                        const struct serve_options *options)
{
    struct serve_service all[SERVICES_MAX];
    const char *names[SERVICES_MAX];
    size_t len = services_len + OWN_SERVICES;
    assert(len <= SERVICES_MAX);
    struct serve *serve = calloc(1, sizeof *serve);
    if (!serve)
        return NULL;
    serve->cq = cq;
    serve->start = start_new();
    serve->tell = options->failed;
    if (services_len)
        memcpy(all, services, services_len * sizeof *all);
    health_service(NULL, &all[services_len]);
    reflection_services(NULL, &all[services_len + 1]);
    for (size_t i = 0; i < len; i++)
        names[i] = all[i].name;
    serve->health = health_new(names, len);
    serve->reflection = reflection_new(names, len);
    if (serve->health && serve->reflection) {
        health_service(serve->health, &all[services_len]);
        reflection_services(serve->reflection, &all[services_len + 1]);
    }
    if (!serve->health || !serve->reflection || !table_new(serve, all, len) || !first_new(serve)) {
        serve_free(serve);
        return NULL;
    }
    serve->server = server_new(options);
    grpc_server_register_completion_queue(serve->server, cq_queue(cq), NULL);
    return serve;
}

int serve_listen(struct serve *serve, const char *address, struct tls_server *tls,
                 struct error *error)
{
    if (!listen_check(address, error))
        return 0;
    grpc_server_credentials *credentials =
        tls ? tls_server_credentials(tls) : grpc_insecure_server_credentials_create();
    int port = credentials ? grpc_server_add_http2_port(serve->server, address, credentials) : 0;
    if (credentials)
        grpc_server_credentials_release(credentials);
    if (port == 0)
        listen_explain(address, error);
    return port;
}

bool serve_listen_private(struct serve *serve, const char *path, struct error *error)
{
    char address[LISTEN_ADDRESS_BYTES];
    if (!listen_private_check(path, address, error) || !listen_check(address, error))
        return false;
    grpc_server_credentials *local = grpc_local_server_credentials_create(UDS);
    int port = grpc_server_add_http2_port(serve->server, address, local);
    grpc_server_credentials_release(local);
    if (port == 0) {
        listen_explain(address, error);
        return false;
    }
    return listen_private_close(path, error);
}

void serve_start(struct serve *serve)
{
    grpc_server_start(serve->server);
    for (size_t i = 0; i < SERVE_ACCEPTS; i++) {
        serve_call_accept(serve->first[i]);
        serve->first[i] = NULL;
    }
}

void serve_set_health(struct serve *serve, const char *service, bool serving)
{
    health_set(serve->health, service, serving);
}

void serve_counts(const struct serve *serve, struct serve_counts *counts)
{
    *counts = (struct serve_counts){0};
    for (size_t at = 0; at <= serve->mask && counts->methods < SERVE_METHODS_MAX; at++) {
        const struct serve_entry *entry = &serve->table[at];
        if (entry->method)
            counts->method[counts->methods++] = (struct serve_method_counts){
                entry->method->path, tally_get(&entry->begun), tally_get(&entry->open)};
    }
    for (int reason = 0; reason < REASON_COUNT; reason++)
        counts->failed[reason] = tally_get(&serve->failed[reason]);
}

/* ---- the end ---- */

void serve_part_done(struct serve *serve)
{
    if (atomic_fetch_sub(&serve->parts, 1) == 1)
        cq_post(serve->cq, serve->stopped);
}

static void shut_done(struct cq_op *op, bool ok)
{
    struct serve *serve = (struct serve *)((char *)op - offsetof(struct serve, shut));
    (void)ok;
    serve_part_done(serve);
}

void serve_stop(struct serve *serve, struct cq_op *done)
{
    assert(!serve->stopped);
    serve->stopped = done;
    serve->shut.done = shut_done;
    atomic_fetch_add(&serve->parts, 1);
    health_stop(serve->health);
    reflection_stop(serve->reflection);
    cq_begin(serve->cq);
    grpc_server_shutdown_and_notify(serve->server, cq_queue(serve->cq), &serve->shut);
}

void serve_cancel_all(struct serve *serve)
{
    assert(serve->stopped);
    grpc_server_cancel_all_calls(serve->server);
}

struct unused {
    struct cq_op op;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool shut;
};

static void unused_shut(struct cq_op *op, bool ok)
{
    struct unused *unused = (struct unused *)op;
    (void)ok;
    pthread_mutex_lock(&unused->lock);
    unused->shut = true;
    pthread_cond_signal(&unused->changed);
    pthread_mutex_unlock(&unused->lock);
}

/* gRPC aborts when a server is destroyed that has listeners and was not shut down, as when the second of two cannot be. */
static void shut_unused(struct serve *serve)
{
    struct unused unused = {.op = {unused_shut}};
    pthread_mutex_init(&unused.lock, NULL);
    pthread_cond_init(&unused.changed, NULL);
    cq_begin(serve->cq);
    grpc_server_shutdown_and_notify(serve->server, cq_queue(serve->cq), &unused.op);
    pthread_mutex_lock(&unused.lock);
    while (!unused.shut)
        pthread_cond_wait(&unused.changed, &unused.lock);
    pthread_mutex_unlock(&unused.lock);
    pthread_cond_destroy(&unused.changed);
    pthread_mutex_destroy(&unused.lock);
}

void serve_free(struct serve *serve)
{
    if (!serve)
        return;
    if (serve->server && !serve->stopped)
        shut_unused(serve);
    if (serve->server)
        grpc_server_destroy(serve->server);
    for (size_t i = 0; i < SERVE_ACCEPTS; i++)
        serve_call_free(serve->first[i]);
    health_free(serve->health);
    reflection_free(serve->reflection);
    free(serve->table);
    free(serve);
}
