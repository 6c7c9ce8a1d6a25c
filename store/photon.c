/*
 * photon.c - see photon.h: the service, and which call goes where.
 */
#include "store/photon.h"

#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

struct photon {
    struct store *store;
    struct inside *inside;
};

#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    struct bus_endpoint endpoint;
    void (*begin)(struct store *store, struct inside_call *call);
    void (*wake)(struct inside_call *call); /* NULL: it needs to be told nothing more */
} PATHS[] = {
    {{TEXT("/events"), TEXT("store an event, given as JSON; gives it back as it was stored"), false,
      false},
     photon_events_begin,
     NULL},
    {{TEXT("/stream-names"), TEXT("the streams that hold events"), false, false},
     photon_names_begin,
     NULL},
    {{TEXT("/stream/delete"), TEXT("delete a stream: {\"stream-name\"}"), false, false},
     photon_delete_begin,
     NULL},
    {{TEXT("/stats"), TEXT("how many streams and events there are"), false, false},
     photon_stats_begin,
     NULL},
    {{TEXT("/stream"), TEXT("events: stream-name, stream-type, from, limit"), true, false},
     photon_stream_begin,
     photon_stream_wake},
};

enum { PATHS_LEN = sizeof PATHS / sizeof PATHS[0] };

static char begun; /* the state of calls that have none of their own */

static void gone(struct inside_call *call)
{
    if (inside_call_get(call) != &begun)
        photon_stream_gone(call);
}

static void wake(struct inside_call *call)
{
    struct photon *photon = inside_call_user(call);
    const struct bus_url *url = inside_call_url(call);
    for (size_t i = 0; i < PATHS_LEN; i++) {
        if (PATHS[i].endpoint.stream != url->stream ||
            !text_equal(PATHS[i].endpoint.path, url->path))
            continue;
        if (!inside_call_get(call)) {
            inside_call_set(call, &begun);
            PATHS[i].begin(photon->store, call);
        } else if (PATHS[i].wake && inside_call_get(call) != &begun) {
            PATHS[i].wake(call);
        }
        return;
    }
}

struct photon *photon_open(struct store *store, struct bus *bus)
{
    struct photon *photon = calloc(1, sizeof *photon);
    struct bus_endpoint endpoints[PATHS_LEN];
    if (!photon)
        return NULL;
    for (size_t i = 0; i < PATHS_LEN; i++)
        endpoints[i] = PATHS[i].endpoint;
    struct inside_options options = {.hello = {.service = TEXT("photon"),
                                               .instance_id = text_span(log_store_id(store->log)),
                                               .epoch = log_incarnation(store->log),
                                               .tag = {TEXT("photon"), TEXT("eventstore")},
                                               .tags = 2,
                                               .max_in_flight = BUS_IN_FLIGHT_MAX},
                                     .endpoint = endpoints,
                                     .endpoints = PATHS_LEN,
                                     .user = photon,
                                     .wake = wake,
                                     .gone = gone};
    photon->store = store;
    photon->inside = inside_open(bus, &options);
    if (photon->inside)
        return photon;
    free(photon);
    return NULL;
}

void photon_close(struct photon *photon)
{
    if (!photon)
        return;
    inside_close(photon->inside);
    free(photon);
}

/* ---- the end of a call ---- */

void photon_no_memory(struct inside_call *call)
{
    struct error error;
    error_set(&error, REASON_BUSY, "the store is out of memory: retry later");
    inside_fail(call, &error);
}

void photon_answer_text(struct inside_call *call, char *text)
{
    enum { OK = 200 };
    struct bytes *body = text ? bytes_wrap(text, strlen(text), free) : NULL;
    if (!body) {
        free(text);
        photon_no_memory(call);
        return;
    }
    inside_answer(call, OK, body);
    bytes_unref(body);
}
