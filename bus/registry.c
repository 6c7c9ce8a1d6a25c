/*
 * registry.c - see registry.h.
 *
 * A route is found by the hash of service, kind and path. A path of a request is hashed once from its beginning, and what it was at each
 * "/" is kept: so the longest prefix is found by as many look-ups as the path has parts, without hashing anew.
 */
#include "bus/registry.h"

#include <stdlib.h>
#include <string.h>

#include "bus/discover.h"
#include "bus/owners.h"
#include "wire/text.h"

/* A text of its own; NULL: no memory. */
static char *copy(struct span text)
{
    return strndup(text.len ? (const char *)text.data : "", text.len);
}

/* ---- services ---- */

static bool is_service(const struct hash_node *node, const void *key)
{
    return text_equal(text_span(((const struct service *)node)->name), *(const struct span *)key);
}

struct service *registry_find(const struct bus *bus, struct span name)
{
    return (struct service *)hash_find(&bus->services, hash_bytes(HASH_SEED, name), is_service,
                                       &name);
}

static struct service *service_new(struct bus *bus, struct span name, const char *identity)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service)
        return NULL;
    service->name = copy(name);
    service->identity = strdup(identity);
    if (!service->name || !service->identity) {
        free(service->name);
        free(service->identity);
        free(service);
        return NULL;
    }
    hash_add(&bus->services, &service->node, hash_bytes(HASH_SEED, name));
    return service;
}

static void service_free(struct bus *bus, struct service *service)
{
    hash_remove(&bus->services, &service->node);
    free(service->name);
    free(service->identity);
    free(service);
}

/* ---- instances ---- */

static void instance_free(struct instance *instance)
{
    for (size_t i = 0; i < instance->tags; i++)
        free(instance->tag[i]);
    free(instance->id);
    free(instance->identity);
    free(instance);
}

static struct instance *instance_new(const struct bus_hello *hello, const char *identity)
{
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return NULL;
    instance->id = copy(hello->instance_id);
    instance->identity = strdup(identity);
    bool ok = instance->id && instance->identity;
    for (size_t i = 0; ok && i < hello->tags; i++) {
        char *tag = copy(hello->tag[i]);
        if (tag)
            instance->tag[instance->tags++] = tag;
        ok = tag != NULL;
    }
    if (!ok) {
        instance_free(instance);
        return NULL;
    }
    instance->epoch = hello->epoch;
    instance->since = cq_now_ms();
    instance->in_flight_max = hello->max_in_flight ? hello->max_in_flight : BUS_IN_FLIGHT;
    return instance;
}

/* May this identity serve this name now? (semantics 17) */
static enum reason check_owner(const struct bus *bus, struct span name,
                               const struct service *service, const char *identity,
                               struct error *error)
{
    enum owners_answer answer = owners_ask(bus->options.owners, name, identity);
    if (text_equal(name, text_span("photon")))
        return error_set(error, REASON_DENIED, "the service name \"photon\" is the store's own");
    if (answer == OWNERS_NO)
        return error_set(error, REASON_DENIED,
                         "the service %.*s is not for \"%s\" to serve: it is given to others by "
                         "the store's settings",
                         (int)name.len, name.data, identity);
    if (answer == OWNERS_ANYBODY && service && strcmp(service->identity, identity) != 0)
        return error_set(error, REASON_DENIED,
                         "the service %.*s is served by another identity than \"%s\" now: choose "
                         "another name, or have it given to you by the store's settings",
                         (int)name.len, name.data, identity);
    return REASON_NONE;
}

static struct instance *instance_find(const struct service *service, struct span id)
{
    struct instance *instance = service ? service->first : NULL;
    while (instance && !text_equal(text_span(instance->id), id))
        instance = instance->next;
    return instance;
}

/* Does the newcomer replace one of the same id? */
static enum reason check_epoch(const struct instance *old, const struct bus_hello *hello,
                               const char *identity, struct error *error)
{
    if (!old)
        return REASON_NONE;
    if (strcmp(old->identity, identity) != 0)
        return error_set(error, REASON_DENIED, "the instance %s is of another identity", old->id);
    if (hello->epoch <= old->epoch || !old->ops->replaced)
        return error_set(error, REASON_DENIED,
                         "the instance %s is connected with epoch %llu, yours is %llu: two "
                         "processes use one instance id, or the epoch has not risen",
                         old->id, (unsigned long long)old->epoch, (unsigned long long)hello->epoch);
    return REASON_NONE;
}

enum reason registry_join(struct bus *bus, const struct bus_hello *hello, const char *identity,
                          bool own, struct instance **out, struct error *error)
{
    struct service *service = registry_find(bus, hello->service);
    struct instance *old = instance_find(service, hello->instance_id);
    enum reason reason =
        own ? REASON_NONE : check_owner(bus, hello->service, service, identity, error);
    if (reason == REASON_NONE)
        reason = check_epoch(old, hello, identity, error);
    if (reason != REASON_NONE)
        return reason;
    struct instance *instance = instance_new(hello, identity);
    if (instance && old) {
        old->ops->replaced(old);
        service = registry_find(bus, hello->service);
    }
    if (instance && !service)
        service = service_new(bus, hello->service, identity);
    if (!instance || !service) {
        if (instance)
            instance_free(instance);
        return error_set(error, REASON_BUSY, "photond is out of memory: retry later");
    }
    instance->service = service;
    instance->next = service->first;
    if (instance->next)
        instance->next->prev = instance;
    service->first = instance;
    service->len++;
    discover_changed(bus);
    *out = instance;
    return REASON_NONE;
}

/* ---- routes ---- */

struct route_key {
    const struct service *service;
    bool stream, prefix;
    struct span path;
};

static uint64_t route_seed(const struct service *service, bool stream)
{
    return HASH_SEED ^ hash_number((uint64_t)(uintptr_t)service + stream);
}

static bool is_route(const struct hash_node *node, const void *key)
{
    const struct route *route = (const struct route *)node;
    const struct route_key *k = key;
    return route->service == k->service && route->stream == k->stream &&
           route->prefix == k->prefix && route->path_len == k->path.len &&
           memcmp(route->path, k->path.data, k->path.len) == 0;
}

/* "/a/" and prefix for everything below "/a/". */
static struct route_key key_of(const struct service *service, const struct bus_endpoint *endpoint)
{
    struct span path = endpoint->path;
    bool prefix = text_is_pattern(path);
    path.len -= prefix ? 2 : 0;
    return (struct route_key){service, endpoint->stream, prefix, path};
}

static uint64_t key_hash(const struct route_key *key)
{
    return hash_bytes(route_seed(key->service, key->stream), key->path);
}

static struct route *route_find(const struct bus *bus, const struct route_key *key, uint64_t hash)
{
    return (struct route *)hash_find(&bus->routes, hash, is_route, key);
}

static struct route *route_new(struct bus *bus, const struct route_key *key)
{
    struct route *route = calloc(1, sizeof *route + key->path.len);
    if (!route)
        return NULL;
    route->service = (struct service *)key->service;
    route->stream = key->stream;
    route->prefix = key->prefix;
    route->path_len = key->path.len;
    memcpy(route->path, key->path.data, key->path.len);
    hash_add(&bus->routes, &route->node, key_hash(key));
    return route;
}

static void route_append(struct route *route, struct served *served)
{
    served->route_next = NULL;
    served->route_prev = route->last;
    if (route->last)
        route->last->route_next = served;
    else
        route->first = served;
    route->last = served;
}

static void route_take(struct route *route, struct served *served)
{
    *(served->route_prev ? &served->route_prev->route_next : &route->first) = served->route_next;
    *(served->route_next ? &served->route_next->route_prev : &route->last) = served->route_prev;
}

static void served_free(struct bus *bus, struct served *served)
{
    struct instance *instance = served->instance;
    struct route *route = served->route;
    route_take(route, served);
    *(served->instance_prev ? &served->instance_prev->instance_next : &instance->first_served) =
        served->instance_next;
    if (served->instance_next)
        served->instance_next->instance_prev = served->instance_prev;
    instance->endpoints--;
    free(served->doc);
    free(served);
    if (route->first)
        return;
    hash_remove(&bus->routes, &route->node);
    free(route);
}

static struct served *served_find(const struct route *route, const struct instance *instance)
{
    struct served *served = route ? route->first : NULL;
    while (served && served->instance != instance)
        served = served->route_next;
    return served;
}

static struct served *served_new(struct bus *bus, struct instance *instance,
                                 const struct route_key *key, struct route *route)
{
    struct served *served = calloc(1, sizeof *served);
    if (served && !route)
        route = route_new(bus, key);
    if (!served || !route) {
        free(served);
        return NULL;
    }
    served->route = route;
    served->instance = instance;
    route_append(route, served);
    served->instance_next = instance->first_served;
    if (served->instance_next)
        served->instance_next->instance_prev = served;
    instance->first_served = served;
    instance->endpoints++;
    return served;
}

enum reason registry_serve(struct bus *bus, struct instance *instance,
                           const struct bus_endpoint *endpoint, struct error *error)
{
    struct route_key key = key_of(instance->service, endpoint);
    struct route *route = route_find(bus, &key, key_hash(&key));
    struct served *served = served_find(route, instance);
    if (!served && instance->endpoints == BUS_ENDPOINTS_MAX)
        return error_set(error, REASON_BUSY,
                         "%d paths are served by %s already, as many as one instance may: use a "
                         "path that ends with two stars",
                         BUS_ENDPOINTS_MAX, instance->id);
    char *doc = copy(endpoint->doc);
    if (doc && !served)
        served = served_new(bus, instance, &key, route);
    if (!doc || !served) {
        free(doc);
        return error_set(error, REASON_BUSY, "photond is out of memory: retry later");
    }
    free(served->doc);
    served->doc = doc;
    discover_changed(bus);
    return REASON_NONE;
}

void registry_unserve(struct bus *bus, struct instance *instance,
                      const struct bus_endpoint *endpoint)
{
    struct route_key key = key_of(instance->service, endpoint);
    struct served *served = served_find(route_find(bus, &key, key_hash(&key)), instance);
    if (!served)
        return;
    served_free(bus, served);
    discover_changed(bus);
}

void registry_leave(struct bus *bus, struct instance *instance)
{
    struct service *service = instance->service;
    while (instance->first_served)
        served_free(bus, instance->first_served);
    *(instance->prev ? &instance->prev->next : &service->first) = instance->next;
    if (instance->next)
        instance->next->prev = instance->prev;
    if (--service->len == 0)
        service_free(bus, service);
    instance_free(instance);
    discover_changed(bus);
}

struct bus_endpoint registry_endpoint(const struct served *served, char *path)
{
    const struct route *route = served->route;
    memcpy(path, route->path, route->path_len);
    memcpy(path + route->path_len, "**", 3);
    return (struct bus_endpoint){
        .path = {(uint8_t *)path, route->path_len + (route->prefix ? 2 : 0)},
        .doc = text_span(served->doc),
        .stream = route->stream};
}

int registry_by_path(const void *a, const void *b)
{
    const struct route *x = (*(struct served *const *)a)->route;
    const struct route *y = (*(struct served *const *)b)->route;
    size_t len = x->path_len < y->path_len ? x->path_len : y->path_len;
    int order = memcmp(x->path, y->path, len);
    if (order == 0 && x->path_len != y->path_len)
        order = x->path_len < y->path_len ? -1 : 1;
    if (order == 0)
        order = x->prefix - y->prefix;
    return order ? order : x->stream - y->stream;
}

/* ---- picking ---- */

/* The exact path, or the longest of the prefixes. */
static struct route *route_match(const struct bus *bus, const struct service *service,
                                 const struct bus_url *url)
{
    uint64_t at[NAME_BYTES_MAX + 1];
    uint64_t hash = route_seed(service, url->stream);
    struct route_key key = {service, url->stream, false, url->path};
    for (size_t i = 0; i < url->path.len; i++)
        at[i + 1] = hash = hash_bytes(hash, (struct span){url->path.data + i, 1});
    struct route *route = route_find(bus, &key, hash);
    key.prefix = true;
    for (size_t len = url->path.len; !route && len > 0; len--) {
        key.path.len = len;
        if (url->path.data[len - 1] == '/')
            route = route_find(bus, &key, at[len]);
    }
    return route;
}

/* The one with the least in flight; among equals the one that was picked longest ago. */
static struct instance *least_busy(struct route *route, bool *all_leave)
{
    struct served *best = NULL;
    *all_leave = true;
    for (struct served *s = route->first; s; s = s->route_next) {
        const struct instance *i = s->instance;
        *all_leave = *all_leave && i->draining;
        if (i->draining || i->in_flight >= i->in_flight_max || (i->ops->ready && !i->ops->ready(i)))
            continue;
        if (!best || i->in_flight < best->instance->in_flight)
            best = s;
    }
    if (!best)
        return NULL;
    route_take(route, best);
    route_append(route, best);
    return best->instance;
}

enum reason registry_pick(struct bus *bus, const struct bus_url *url, struct instance **out,
                          struct error *error)
{
    struct service *service = registry_find(bus, url->service);
    int name_len = (int)url->service.len, path_len = (int)url->path.len;
    if (!service)
        return error_set(error, REASON_NO_SUCH_SERVICE,
                         "nobody serves \"%.*s\" now: is it running?", name_len, url->service.data);
    struct route *route = route_match(bus, service, url);
    if (!route)
        return error_set(error, REASON_NO_SUCH_PATH,
                         "the service \"%.*s\" has no %s \"%.*s\": `muon introspect` shows what it "
                         "has",
                         name_len, url->service.data, url->stream ? "stream" : "request handler",
                         path_len, url->path.data);
    bool all_leave;
    *out = least_busy(route, &all_leave);
    if (*out)
        return REASON_NONE;
    if (all_leave)
        return error_set(error, REASON_NO_SUCH_SERVICE,
                         "all who serve \"%.*s\" are going away: retry when it is back", name_len,
                         url->service.data);
    return error_set(error, REASON_BUSY,
                     "all instances of \"%.*s\" that serve \"%.*s\" have as much in flight as they "
                     "take: retry later",
                     name_len, url->service.data, path_len, url->path.data);
}
