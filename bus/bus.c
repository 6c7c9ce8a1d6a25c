/*
 * bus.c - see bus.h: the calls, and going down.
 */
#include "bus/bus.h"

#include "bus/discover.h"
#include "bus/exchange.h"
#include "bus/introspect.h"
#include "bus/request.h"
#include "bus/session.h"
#include "bus/stream.h"

const struct serve_method *const bus_methods[BUS_METHODS] = {
    &session_method, &request_method, &stream_method, &discover_method, &introspect_method};

void bus_drain(struct bus *bus, int64_t timeout_ms)
{
    core_enter(bus);
    bus->draining = true;
    session_drain_all(bus, timeout_ms);
    exchange_stop_streams(bus);
    discover_stop_all(bus);
    core_leave(bus);
}
