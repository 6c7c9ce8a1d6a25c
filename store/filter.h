/*
 * filter.h - which events a reader wants, by the fields that it takes to tell. Threads: any.
 */
#ifndef PHOTON_FILTER_H
#define PHOTON_FILTER_H

#include "wire/codec.h"

struct gone;

enum filter_kind { FILTER_ALL, FILTER_STREAM, FILTER_PATTERN };

struct filter {
    enum filter_kind kind;
    struct span name;        /* of the request, which must stay */
    struct span *event_type; /* own array; NULL: all types */
    size_t event_types;
    const struct gone *gone;
};

/* false: no memory. */
bool filter_init(struct filter *filter, const struct subscribe_request *request,
                 const struct gone *gone);
void filter_fini(struct filter *filter);

/* Is every event wanted that is not erased? Ask anew for each record: deletions change it. */
bool filter_is_open(const struct filter *filter);
/* The same within the filter's own stream. */
bool filter_is_open_in_stream(const struct filter *filter);

/* Is the event wanted? 1: yes; 0: no, or it is erased or deleted; -1: it is malformed. */
int filter_wants(const struct filter *filter, struct span event);

/* Is the event erased, so that only its frame is left? */
static inline bool filter_erased(struct span event)
{
    /* An event begins with one of the client's fields, 1 to 12; a stub with the store's first, 13. */
    return event.len == 0 || event.data[0] >= 13 << 3;
}

#endif
