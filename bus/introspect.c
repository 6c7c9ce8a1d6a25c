/*
 * introspect.c - see introspect.h. What several instances serve is named once; the doc is one of theirs.
 */
#include "bus/introspect.h"

#include <stdlib.h>
#include <string.h>

#include "bus/registry.h"
#include "wire/codec-discover.h"

/* A path that somebody serves, once: by the first who serves it. */
static size_t gather(const struct service *service, struct served **list)
{
    size_t len = 0;
    for (const struct instance *i = service->first; i; i = i->next)
        for (struct served *s = i->first_served; s; s = s->instance_next)
            if (s->route->first == s)
                list[len++] = s;
    return len;
}

static size_t endpoints(const struct service *service)
{
    size_t len = 0;
    for (const struct instance *i = service->first; i; i = i->next)
        len += i->endpoints;
    return len;
}

static struct bytes *describe(const struct service *service)
{
    struct discover_writer out = {0};
    char path[NAME_BYTES_MAX + 3];
    struct served **list = malloc((endpoints(service) + 1) * sizeof(struct served *));
    if (!list)
        return NULL;
    size_t len = gather(service, list);
    qsort(list, len, sizeof *list, registry_by_path);
    introspect_name(&out, (struct span){(uint8_t *)service->name, strlen(service->name)});
    for (size_t i = 0; i < len; i++) {
        struct bus_endpoint endpoint = registry_endpoint(list[i], path);
        introspect_endpoint(&out, &endpoint);
    }
    free(list);
    return discover_message(&out);
}

static struct bytes *look_up(struct bus *bus, struct span name, struct error *error)
{
    core_enter(bus);
    const struct service *service = registry_find(bus, name);
    struct bytes *message = service ? describe(service) : NULL;
    if (!service)
        error_set(error, REASON_NO_SUCH_SERVICE, "nobody serves \"%.*s\" now: is it running?",
                  (int)name.len, name.data);
    else if (!message)
        error_set(error, REASON_BUSY, "photond is out of memory: retry later");
    core_leave(bus);
    return message;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    struct span name;
    struct bytes *answer = NULL;
    if (introspect_request_decode(bytes_span(message), &name, &error) == REASON_NONE)
        answer = look_up(service, name, &error);
    if (answer)
        serve_reply(call, answer);
    else
        serve_finish(call, &error);
    bytes_unref(answer);
}

static void lost(struct serve_call *call)
{
    (void)call;
}

static void gone(struct serve_call *call)
{
    (void)call;
}

const struct serve_method introspect_method = {
    .path = "/muon.v1.BusService/Introspect", .begin = begin, .lost = lost, .gone = gone};
