/*
 * handling.c - see handling.h.
 */
#include "cli/handling.h"

#include <stdlib.h>

/* What is empty is not there. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

void handling_inherit(muon_event_in *event)
{
    if (!event->caused_by && !event->caused_by_relation)
        event->caused_by_relation = variable("MUON_REQUEST");
    if (!event->caused_by)
        event->caused_by = handling_cause();
    if (!event->traceparent)
        event->traceparent = handling_trace();
}

const char *handling_cause(void)
{
    return variable("MUON_CAUSED_BY");
}

const char *handling_trace(void)
{
    return variable("MUON_TRACEPARENT");
}
