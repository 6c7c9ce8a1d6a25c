/*
 * service.c - see service.h.
 *
 * Parts are opened in the order in which an event passes them backwards (what is needed first is opened first), and closed in
 * the reverse order. A part that was not opened is NULL, so one way of closing serves all.
 */
#include "store/service.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bus/bus.h"
#include "store/admin.h"
#include "store/commit.h"
#include "store/durable.h"
#include "store/emit.h"
#include "store/emit_stream.h"
#include "store/failures.h"
#include "store/fanout.h"
#include "store/get.h"
#include "store/gone.h"
#include "store/hold.h"
#include "store/info.h"
#include "store/list.h"
#include "store/logline.h"
#include "store/photon.h"
#include "store/place.h"
#include "store/policies.h"
#include "store/procfs.h"
#include "store/read.h"
#include "store/readers.h"
#include "store/record.h"
#include "store/record_cache.h"
#include "store/retention.h"
#include "store/sampler.h"
#include "store/store.h"
#include "store/subscribe.h"
#include "store/until.h"
#include "wire/serve.h"

enum { EMIT_CALLS_MAX = 4096, METADATA_BYTES_MAX = 16 * 1024, METHODS_MAX = 16 };

/* gRPC's own limit stands above the contract's, so that the contract's answers and the call lives on (semantics 10): a batch, its frames, and
 * the expectations that may come with it. */
enum { MESSAGE_OVERHEAD_BYTES = 1024 * 1024 };

static const char photon_service[] = "muon.v1.PhotonService";
static const char bus_service[] = "muon.v1.BusService";
static const char admin_service[] = "muon.v1.AdminService";

struct service {
    struct service_options options;
    struct store store;
    struct serve *serve;
    struct bus *bus;
    struct photon *responder; /* the store as a service on its own bus */
    struct admin *admin;
    struct sampler *sampler;
    atomic_bool stopping;
    struct serve_method methods[METHODS_MAX], bus_methods[BUS_METHODS],
        admin_methods[ADMIN_METHODS];
    struct serve_service services[3];
    int ports[SERVICE_LISTENERS_MAX];
    bool has_admin_socket;

    /* What service_stop waits for. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct cq_op stopped_op;
    bool stopped, hurry;

    struct cq_timer alive; /* set and stopped under the lock */
    bool closing;
};

/* ---- the truth from health ---- */

static void service_writable_changed(void *user, bool writable)
{
    struct service *service = user;
    if (service->serve)
        serve_set_health(service->serve, photon_service, writable);
}

/* ---- alive ---- */

static void service_alive_set(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    if (service->options.alive_ms > 0 && !service->closing)
        cq_timer_set(service->store.cq, &service->alive, service->options.alive_ms);
    pthread_mutex_unlock(&service->lock);
}

static void service_is_alive(struct cq_op *op, bool ok)
{
    struct service *service = (struct service *)((char *)op - offsetof(struct service, alive.op));
    if (!ok)
        return;
    service->options.alive();
    service_alive_set(service);
}

static void service_alive_stop(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    service->closing = true;
    cq_timer_stop(&service->alive);
    pthread_mutex_unlock(&service->lock);
}

/* ---- open ---- */

static bool service_no_memory(enum log_fault *fault, struct error *error, const char *what)
{
    *fault = LOG_FAILED;
    error_set(error, REASON_STORE_UNAVAILABLE, "no memory or no threads for %s", what);
    return false;
}

static bool service_open_log(struct service *service, enum log_fault *fault, struct error *error)
{
    const struct service_options *o = &service->options;
    struct log_options options = {.create = o->create,
                                  .write_buffer_bytes = o->write_buffer_bytes,
                                  .file_bytes = o->file_bytes,
                                  .cache_bytes = o->cache_bytes / 2,
                                  .ballast_bytes = o->ballast_bytes};
    service->store.log = log_open(o->data_dir, &options, fault, error);
    service->store.durability = durable_worth(o->data_dir);
    return service->store.log != NULL;
}

static bool service_open_store(struct service *service, enum log_fault *fault, struct error *error)
{
    const struct service_options *o = &service->options;
    struct store *store = &service->store;
    if (!service_open_log(service, fault, error))
        return false;
    store->cq = cq_open(o->pollers);
    store->readers = readers_open(o->readers);
    if (!store->cq || !store->readers)
        return service_no_memory(fault, error, "pollers and readers");
    store->tail = tail_new(o->tail_bytes);
    store->cache = record_cache_new(o->cache_bytes / 2);
    store->gone = gone_new();
    store->retention = retention_new();
    store->holds = hold_all_new(cq_mono_ms);
    store->fanout = fanout_new();
    store->emits = emit_calls_new(EMIT_CALLS_MAX);
    store->subscriptions = subscriptions_open(store, o->subscriptions);
    if (!store->tail || !store->cache || !store->gone || !store->retention || !store->holds ||
        !store->fanout || !store->emits || !store->subscriptions)
        return service_no_memory(fault, error, "the store");
    struct bus_options bus = {.store_id = log_store_id(store->log),
                              .beat_ms = o->beat_ms,
                              .sessions_max = o->sessions,
                              .body_bytes = o->limits.batch_bytes,
                              .owners = o->name_owners};
    service->bus = bus_open(store->cq, &bus);
    service->responder = service->bus ? photon_open(store, service->bus) : NULL;
    service->sampler = sampler_open(store->log, o->data_dir, store->readers);
    if (!service->responder || !service->sampler)
        return service_no_memory(fault, error, "sessions");
    service->admin = admin_open(store, service->bus, o->admin_names);
    if (!service->admin)
        return service_no_memory(fault, error, "administration");
    struct commit_options commit = {.queue_bytes = o->queue_bytes,
                                    .heads_bytes = o->heads_bytes,
                                    .recent_ids = o->recent_ids,
                                    .writable_changed = service_writable_changed,
                                    .user = service};
    store->commit = commit_open(store, &commit, error);
    if (!store->commit)
        *fault = error->reason == REASON_CORRUPT ? LOG_DAMAGED : LOG_FAILED;
    return store->commit != NULL;
}

static struct serve_service service_of(const char *name, const struct serve_method *const *from,
                                       struct serve_method *methods, size_t len, void *service)
{
    for (size_t i = 0; i < len; i++)
        methods[i] = *from[i];
    return (struct serve_service){name, methods, len, service, NULL};
}

static bool service_open_serve(struct service *service, enum log_fault *fault, struct error *error)
{
    const struct service_options *o = &service->options;
    static const struct serve_method *const methods[] = {
        &info_method,          &emit_method,          &emit_stream_method, &subscribe_method,
        &read_method,          &get_method,           &list_method,        &delete_method,
        &set_retention_method, &list_retention_method};
    const size_t len = sizeof methods / sizeof *methods;
    _Static_assert(sizeof methods / sizeof *methods <= METHODS_MAX, "there is room");
    service->services[0] =
        service_of(photon_service, methods, service->methods, len, &service->store);
    service->services[1] =
        service_of(bus_service, bus_methods, service->bus_methods, BUS_METHODS, service->bus);
    service->services[2] = service_of(admin_service, admin_methods, service->admin_methods,
                                      ADMIN_METHODS, service->admin);
    service->services[2].admit = admin_admit;
    struct serve_options options = {.message_bytes_max =
                                        o->limits.batch_bytes + MESSAGE_OVERHEAD_BYTES,
                                    .keepalive_ms = o->keepalive_ms,
                                    .metadata_bytes_max = METADATA_BYTES_MAX,
                                    .calls_per_connection_max = o->calls_per_connection,
                                    .failed = failures_tell};
    service->serve = serve_new(service->store.cq, service->services, 3, &options);
    return service->serve || service_no_memory(fault, error, "the server");
}

static void service_stopped(struct cq_op *op, bool ok)
{
    (void)ok;
    struct service *service = (struct service *)((char *)op - offsetof(struct service, stopped_op));
    pthread_mutex_lock(&service->lock);
    service->stopped = true;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->lock);
}

struct service *service_open(const struct service_options *options, enum log_fault *fault,
                             struct error *error)
{
    struct service *service = calloc(1, sizeof *service);
    *fault = LOG_OK;
    if (!service) {
        service_no_memory(fault, error, "the service");
        return NULL;
    }
    service->options = *options;
    service->store.limits = options->limits;
    service->stopped_op.done = service_stopped;
    service->alive.op.done = service_is_alive;
    pthread_mutex_init(&service->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&service->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (service_open_store(service, fault, error) && service_open_serve(service, fault, error))
        return service;
    service_free(service);
    return NULL;
}

/* A path that is too long, or a file system without sockets, is in the way of nobody who did not ask for one. */
static bool service_listen_admin(struct service *service, struct error *error)
{
    const struct service_options *o = &service->options;
    service->has_admin_socket =
        o->admin_socket && serve_listen_private(service->serve, o->admin_socket, error);
    if (service->has_admin_socket || !o->admin_socket)
        return true;
    if (!o->admin_socket_required)
        logline_with(LOGLINE_WARNING, "no admin socket", logline_text("reason", error->message),
                     logline_text("remedy", "set admin-socket to a path in a private directory"));
    return !o->admin_socket_required;
}

bool service_start(struct service *service, struct error *error)
{
    const struct service_options *o = &service->options;
    for (size_t i = 0; i < o->listeners_len; i++) {
        service->ports[i] =
            serve_listen(service->serve, o->listeners[i].address, o->listeners[i].tls, error);
        if (service->ports[i] == 0)
            return false;
    }
    if (!service_listen_admin(service, error))
        return false;
    serve_set_health(service->serve, "", true);
    serve_set_health(service->serve, photon_service, true);
    serve_set_health(service->serve, bus_service, true);
    serve_set_health(service->serve, admin_service, true);
    serve_start(service->serve);
    service_alive_set(service);
    return true;
}

int service_port(const struct service *service, size_t listener)
{
    return service->ports[listener];
}

bool service_set_admin_names(struct service *service, const char *names)
{
    return admin_set_names(service->admin, names);
}

const char *service_admin_socket(const struct service *service)
{
    return service->has_admin_socket ? service->options.admin_socket : NULL;
}

void service_info(const struct service *service, struct service_info *info)
{
    *info = (struct service_info){.incarnation = log_incarnation(service->store.log),
                                  .head_order_id = atomic_load(&service->store.head),
                                  .format = log_place(service->store.log)->format};
    strncpy(info->store_id, log_store_id(service->store.log), sizeof info->store_id - 1);
}

bool service_is_damaged(const struct service *service)
{
    return commit_queue(service->store.commit).down == REASON_CORRUPT;
}

/* ---- what is measured ---- */

enum reason service_writable(struct service *service)
{
    if (atomic_load(&service->stopping))
        return REASON_SHUTTING_DOWN;
    return commit_queue(service->store.commit).down;
}

static void take_store(struct service *service, struct metrics *m)
{
    struct store *store = &service->store;
    struct commit_queue queue = commit_queue(store->commit);
    metrics_take_measures(m, &store->measures);
    m->queue_bytes = queue.bytes;
    m->queue_batches = queue.submissions;
    m->writable = service_writable(service) == REASON_NONE;
    m->head_order_id = atomic_load(&store->head);
    m->ahead_bytes = subscriptions_ahead(store->subscriptions);
}

static void take_bus(struct service *service, struct metrics *m)
{
    struct bus_counts counts;
    bus_counts(service->bus, &counts);
    memcpy(m->requests, counts.requests, sizeof m->requests);
    memcpy(m->streams, counts.streams, sizeof m->streams);
    memcpy(m->requests_refused, counts.refused, sizeof m->requests_refused);
    m->requests_open = counts.requests_open;
    m->streams_open = counts.streams_open;
    m->sessions = counts.sessions;
    m->services = counts.services;
    m->endpoints = counts.endpoints;
    m->request_us = counts.request_us;
}

static void take_calls(struct service *service, struct metrics *m)
{
    struct serve_counts counts;
    serve_counts(service->serve, &counts);
    for (size_t i = 0; i < counts.methods; i++) {
        size_t at = metrics_method(counts.method[i].path);
        m->calls[at] += counts.method[i].begun;
        m->calls_open[at] += counts.method[i].open;
    }
    memcpy(m->calls_failed, counts.failed, sizeof m->calls_failed);
}

void service_metrics(struct service *service, int64_t wait_ms, struct metrics *metrics)
{
    *metrics = (struct metrics){.build = 1};
    sampler_take(service->sampler, wait_ms, metrics);
    take_store(service, metrics);
    take_bus(service, metrics);
    take_calls(service, metrics);
    procfs_take(metrics);
}

/* ---- stop ---- */

static bool service_wait_stopped(struct service *service, int64_t timeout_ms)
{
    struct timespec until = until_ms(timeout_ms);
    pthread_mutex_lock(&service->lock);
    while (!service->stopped && !service->hurry &&
           pthread_cond_timedwait(&service->changed, &service->lock, &until) == 0) {
    }
    bool stopped = service->stopped;
    pthread_mutex_unlock(&service->lock);
    return stopped;
}

bool service_stop(struct service *service, int64_t timeout_ms)
{
    atomic_store(&service->stopping, true);
    serve_set_health(service->serve, "", false);
    serve_set_health(service->serve, photon_service, false);
    serve_set_health(service->serve, bus_service, false);
    serve_set_health(service->serve, admin_service, false);
    serve_stop(service->serve, &service->stopped_op);
    bus_drain(service->bus, timeout_ms);
    admin_stop(service->admin);
    emit_calls_stop(service->store.emits);
    subscriptions_stop(service->store.subscriptions);
    if (service_wait_stopped(service, timeout_ms))
        return true;
    serve_cancel_all(service->serve);
    pthread_mutex_lock(&service->lock);
    while (!service->stopped)
        pthread_cond_wait(&service->changed, &service->lock);
    pthread_mutex_unlock(&service->lock);
    return false;
}

void service_hurry(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    service->hurry = true;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->lock);
}

void service_free(struct service *service)
{
    if (!service)
        return;
    struct store *store = &service->store;
    service_alive_stop(service);
    serve_free(service->serve);
    admin_close(service->admin);
    commit_close(store->commit);
    subscriptions_close(store->subscriptions);
    sampler_close(service->sampler);
    readers_close(store->readers);
    emit_calls_free(store->emits);
    if (service->bus)
        bus_stop(service->bus);
    cq_close(store->cq);
    photon_close(service->responder);
    bus_close(service->bus);
    fanout_free(store->fanout);
    hold_all_free(store->holds);
    retention_free(store->retention);
    gone_free(store->gone);
    record_cache_free(store->cache);
    tail_free(store->tail);
    log_close(store->log);
    pthread_cond_destroy(&service->changed);
    pthread_mutex_destroy(&service->lock);
    free(service);
}
