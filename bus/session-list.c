/*
 * session-list.c - see session-list.h. The newest stand in front, so their numbers fall.
 */
#include "bus/session-list.h"

#include "bus/registry.h"
#include "bus/session-end.h"
#include "wire/text.h"

static struct session_info info_of(const struct session *s)
{
    struct session_info info = {.number = s->number,
                                .peer = text_span(serve_call_peer(s->call)),
                                .identity = text_span(serve_call_identity(s->call)),
                                .calls = s->calls,
                                .waiting_bytes = s->outbox.bytes,
                                .since = (uint64_t)s->since_ms,
                                .draining = s->ended};
    const struct instance *instance = s->instance;
    if (!instance)
        return info;
    info.service = text_span(instance->service->name);
    info.instance_id = text_span(instance->id);
    info.endpoints = (uint32_t)instance->endpoints;
    info.in_flight = instance->in_flight;
    info.draining |= instance->draining;
    return info;
}

uint64_t session_list(struct bus *bus, uint64_t before, size_t max,
                      void (*see)(void *user, const struct session_info *info), void *user)
{
    uint64_t last = 0;
    core_enter(bus);
    for (const struct session *s = bus->sessions; s && max > 0; s = s->next) {
        if (s->number >= before || s->finished)
            continue;
        struct session_info info = info_of(s);
        see(user, &info);
        last = s->number;
        max--;
    }
    core_leave(bus);
    return last;
}
