/*
 * registry.h - who serves what: services, their instances, and the paths of these.
 *
 * All of it under the bus's lock. An instance is a session's, or photond's own; it enters by registry_join and goes by
 * registry_leave, when nothing of it runs any more.
 */
#ifndef MUON_BUS_REGISTRY_H
#define MUON_BUS_REGISTRY_H

#include "bus/core.h"
#include "wire/codec-bus.h"

struct exchange;
struct instance;
struct served; /* one path of one instance */

/* What an instance is to whoever it belongs to. */
struct instance_ops {
    /* An exchange comes its way: say who the responding end is. */
    void (*accept)(struct instance *instance, struct exchange *exchange);
    /* It can take another frame now; NULL: always. */
    bool (*ready)(const struct instance *instance);
    /* A newer session of the same instance has come; NULL: cannot happen. Must lead to registry_leave at once. */
    void (*replaced)(struct instance *instance);
};

struct service {
    struct hash_node node;
    char *name;
    char *identity; /* whose it is while it is connected */
    struct instance *first;
    size_t len;
};

struct instance {
    struct service *service;
    struct instance *next, *prev; /* of the service */
    const struct instance_ops *ops;
    void *owner;
    char *id, *identity;
    uint64_t epoch;
    char *tag[BUS_TAGS_MAX];
    size_t tags;
    int64_t since; /* ms since 1970 */
    uint32_t in_flight, in_flight_max;
    bool draining;
    struct served *first_served;
    size_t endpoints;
};

struct served {
    struct route *route;
    struct instance *instance;
    struct served *route_next, *route_prev;
    struct served *instance_next, *instance_prev;
    char *doc;
};

/* A path of a service, and who serves it. */
struct route {
    struct hash_node node;
    struct service *service;
    bool stream, prefix; /* prefix: everything that begins with path */
    struct served *first, *last;
    size_t path_len;
    char path[];
};

/* The texts are copied. own: photond itself, which may be called `photon`. Fails with DENIED (the name is another's, the instance's epoch
 * has not risen), INVALID_ARGUMENT, BUSY (no memory). */
enum reason registry_join(struct bus *bus, const struct bus_hello *hello, const char *identity,
                          bool own, struct instance **instance, struct error *error);
void registry_leave(struct bus *bus, struct instance *instance);

/* BUSY: no memory, or more than BUS_ENDPOINTS_MAX. Serving again what is served changes its doc; what is not served can be
 * taken back, too. */
enum reason registry_serve(struct bus *bus, struct instance *instance,
                           const struct bus_endpoint *endpoint, struct error *error);
void registry_unserve(struct bus *bus, struct instance *instance,
                      const struct bus_endpoint *endpoint);

/* The instance that the next exchange goes to. Fails with NO_SUCH_SERVICE, NO_SUCH_PATH, BUSY. */
enum reason registry_pick(struct bus *bus, const struct bus_url *url, struct instance **instance,
                          struct error *error);

struct service *registry_find(const struct bus *bus, struct span name);
/* What an endpoint was given as. path has room for NAME_BYTES_MAX + 3. */
struct bus_endpoint registry_endpoint(const struct served *served, char *path);

/* For qsort of pointers to struct served. */
int registry_by_path(const void *a, const void *b);

#endif
