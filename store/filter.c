/*
 * filter.c - looks at the fields that it needs, and at no more.
 */
#include "store/filter.h"

#include <stdlib.h>
#include <string.h>

#include "store/gone.h"
#include "store/pattern.h"
#include "wire/text.h"

static enum filter_kind kind_of(struct span name)
{
    if (text_equal(name, text_span("__all__")))
        return FILTER_ALL;
    return text_is_pattern(name) ? FILTER_PATTERN : FILTER_STREAM;
}

bool filter_init(struct filter *filter, const struct subscribe_request *request,
                 const struct gone *gone)
{
    *filter = (struct filter){
        .kind = kind_of(request->stream_name), .name = request->stream_name, .gone = gone};
    if (request->event_types == 0)
        return true;
    filter->event_type = calloc(request->event_types, sizeof *filter->event_type);
    if (!filter->event_type)
        return false;
    memcpy(filter->event_type, request->event_type,
           request->event_types * sizeof *filter->event_type);
    filter->event_types = request->event_types;
    return true;
}

void filter_fini(struct filter *filter)
{
    free(filter->event_type);
    filter->event_type = NULL;
}

bool filter_is_open_in_stream(const struct filter *filter)
{
    return filter->event_types == 0 && !gone_any(filter->gone);
}

bool filter_is_open(const struct filter *filter)
{
    return filter->kind == FILTER_ALL && filter_is_open_in_stream(filter);
}

static bool wants_name(const struct filter *filter, struct span name)
{
    switch (filter->kind) {
    case FILTER_ALL:
        return true;
    case FILTER_STREAM:
        return text_equal(filter->name, name);
    default:
        return pattern_match(filter->name, name);
    }
}

static bool wants_type(const struct filter *filter, struct span type)
{
    for (size_t i = 0; i < filter->event_types; i++)
        if (text_equal(filter->event_type[i], type))
            return true;
    return filter->event_types == 0;
}

int filter_wants(const struct filter *filter, struct span event)
{
    struct event fields;
    if (filter_erased(event))
        return 0;
    if (!event_peek(event, &fields))
        return -1;
    if (!wants_name(filter, fields.stream_name) || !wants_type(filter, fields.event_type))
        return 0;
    if (!gone_any(filter->gone))
        return 1;
    if (!event_read(event, &fields))
        return -1;
    return !gone_covers(filter->gone, fields.stream_name, fields.version);
}
