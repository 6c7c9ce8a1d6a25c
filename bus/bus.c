/*
 * bus.c - see bus.h: the calls, opening, and going down.
 */
#include "bus/bus.h"

#include <stdlib.h>

#include "bus/discover.h"
#include "bus/exchange.h"
#include "bus/introspect.h"
#include "bus/owners.h"
#include "bus/request.h"
#include "bus/session.h"
#include "bus/stream.h"

const struct serve_method *const bus_methods[BUS_METHODS] = {
    &session_method, &request_method, &stream_method, &discover_method, &introspect_method};

struct bus *bus_open(struct cq *cq, const struct bus_options *options)
{
    struct bus *bus = owners_fault(options->owners) ? NULL : calloc(1, sizeof *bus);
    if (bus)
        core_init(bus, cq, options);
    return bus;
}

void bus_counts(struct bus *bus, struct bus_counts *counts)
{
    pthread_mutex_lock(&bus->lock);
    *counts = bus->counts;
    counts->sessions = bus->sessions_len;
    counts->services = bus->services.len;
    counts->endpoints = bus->routes.len;
    pthread_mutex_unlock(&bus->lock);
}

void bus_drain(struct bus *bus, int64_t timeout_ms)
{
    core_enter(bus);
    bus->draining = true;
    session_drain_all(bus, timeout_ms);
    exchange_stop_streams(bus);
    discover_stop_all(bus);
    core_leave(bus);
}

void bus_stop(struct bus *bus)
{
    core_enter(bus);
    bus->stopped = true;
    core_leave(bus);
}

void bus_close(struct bus *bus)
{
    if (!bus)
        return;
    core_fini(bus);
    free(bus);
}
