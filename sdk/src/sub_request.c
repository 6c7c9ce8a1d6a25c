/*
 * sub_request.c - the request is encoded once, checked by the decoder that the store uses, and kept; each call's request is made
 * from it and from the place reached.
 */
#include "sdk/src/sub_request.h"

#include <string.h>

#include "sdk/src/items.h"
#include "sdk/src/status.h"
#include "wire/text.h"

bool sub_request_from(int32_t from_kind, int64_t from, enum from_kind *kind, uint64_t *out)
{
    static const enum from_kind kinds[] = {
        [MUON_FROM_ORDER_ID] = FROM_ORDER_ID,
        [MUON_FROM_VERSION] = FROM_VERSION,
        [MUON_FROM_TIME] = FROM_TIME,
    };
    if (from_kind < MUON_FROM_ORDER_ID || from_kind > MUON_FROM_TIME || from < 0)
        return false;
    *kind = from == 0 ? FROM_BEGIN : kinds[from_kind];
    *out = (uint64_t)from;
    return true;
}

/* What the codec cannot see, because it would not be encoded. */
static const char *fault(const char *stream, const muon_sub_opts *opts)
{
    if (!stream)
        return "stream must not be NULL";
    if (opts->mode < MUON_HOT_COLD || opts->mode > MUON_HOT)
        return "mode must be MUON_HOT_COLD, MUON_COLD or MUON_HOT";
    if (opts->types_len > EVENT_TYPES_MAX)
        return "there may be 64 types at most";
    if (opts->types_len > 0 && !opts->types)
        return "types is NULL, but types_len is not 0";
    return NULL;
}

static bool is_service(const char *stream)
{
    static const char scheme[] = "stream://";
    return stream && strncmp(stream, scheme, sizeof scheme - 1) == 0;
}

static int32_t init_service(struct sub_request *request, const char *url, const muon_sub_opts *opts,
                            muon_error *err)
{
    const struct bus_call ask = {.url = text_span(url)};
    struct bus_call seen;
    struct error error;
    if (opts->mode || opts->from_kind || opts->from || opts->limit || opts->types_len)
        return status_fail(
            err, MUON_EINVAL,
            "muon_subscribe: the stream of a service has no history: mode, from_kind, "
            "from, limit and types must be 0");
    *request = (struct sub_request){.encoded = bus_stream_encode(&ask),
                                    .service = bytes_copy(url, strlen(url) + 1)};
    int32_t status = MUON_OK;
    if (!request->encoded || !request->service)
        status = status_fail(err, MUON_ENOMEM, "muon_subscribe: out of memory");
    else if (bus_stream_decode(bytes_span(request->encoded), &seen, &error) != REASON_NONE)
        status = status_of_error(err, &error);
    if (status != MUON_OK)
        sub_request_fini(request);
    return status;
}

int32_t sub_request_init(struct sub_request *request, const char *stream, const muon_sub_opts *opts,
                         muon_error *err)
{
    static const enum stream_type types[] = {
        [MUON_HOT_COLD] = STREAM_HOT_COLD,
        [MUON_COLD] = STREAM_COLD,
        [MUON_HOT] = STREAM_HOT,
    };
    struct subscribe_request ask = {0};
    if (is_service(stream))
        return init_service(request, stream, opts, err);
    const char *wrong = fault(stream, opts);
    if (!wrong && !sub_request_from(opts->from_kind, opts->from, &ask.from_kind, &ask.from))
        wrong = "from_kind is unknown, or from is negative";
    if (wrong)
        return status_fail(err, MUON_EINVAL, "muon_subscribe: %s", wrong);
    ask.stream_name = text_span(stream);
    ask.type = types[opts->mode];
    ask.limit = opts->limit;
    ask.event_types = opts->types_len;
    for (size_t i = 0; i < opts->types_len; i++)
        ask.event_type[i] = text_span(opts->types[i]);
    *request = (struct sub_request){.encoded = subscribe_request_encode(&ask)};
    if (!request->encoded)
        return status_fail(err, MUON_ENOMEM, "muon_subscribe: out of memory");
    struct error error;
    if (subscribe_request_decode(bytes_span(request->encoded), &request->ask, &error) ==
        REASON_NONE)
        return MUON_OK;
    sub_request_fini(request);
    return status_of_error(err, &error);
}

void sub_request_fini(struct sub_request *request)
{
    bytes_unref(request->encoded);
    bytes_unref(request->service);
    request->encoded = request->service = NULL;
}

const char *sub_request_call(const struct sub_request *request)
{
    return request->service ? "/muon.v1.BusService/Stream" : "/muon.v1.PhotonService/Subscribe";
}

/* Go on behind what is known. A marker before the first event may stand before where the application wants to begin, though. */
static void resume(const struct sub_request *request, struct subscribe_request *ask)
{
    uint64_t next = (uint64_t)request->position + 1;
    bool begun = request->received > 0 || ask->type == STREAM_HOT;
    bool ahead = ask->from_kind == FROM_VERSION || ask->from_kind == FROM_TIME ||
                 (ask->from_kind == FROM_ORDER_ID && ask->from > next);
    if (ask->type == STREAM_HOT)
        ask->type = STREAM_HOT_COLD;
    if (!begun && ahead)
        return;
    ask->from_kind = FROM_ORDER_ID;
    ask->from = next;
}

struct bytes *sub_request_encode(struct sub_request *request, const struct info *info)
{
    struct subscribe_request ask = request->ask;
    if (request->service)
        return bytes_ref(request->encoded);
    if (!request->placed) {
        memcpy(request->store_id, info->store_id, sizeof request->store_id);
        request->incarnation = info->incarnation;
        return subscribe_request_encode(&ask);
    }
    resume(request, &ask);
    if (ask.limit)
        ask.limit -= request->received;
    ask.store_id = text_span(request->store_id);
    ask.incarnation = request->incarnation;
    return subscribe_request_encode(&ask);
}

void sub_request_advance(struct sub_request *request, const struct held *held)
{
    request->received += held->events;
    request->live = request->live || held->flags & MUON_BATCH_LIVE;
    if (!held->placed || (request->placed && held->order_id <= request->position))
        return;
    request->placed = true;
    request->position = held->order_id;
}

struct held *sub_request_hold(const struct sub_request *request, struct bytes *message,
                              bool *malformed)
{
    return request->service ? items_hold(message, malformed) : held_new(message, malformed);
}

muon_batch *sub_request_take(const struct sub_request *request, struct held *held, size_t max,
                             int64_t *last, size_t *taken, bool *malformed)
{
    if (request->service)
        return items_take(held, max, request->service, last, taken, malformed);
    return held_take(held, max, last, taken, malformed);
}

static bool is_done(const struct sub_request *request)
{
    return request->ask.limit && request->received >= request->ask.limit;
}

/* A publisher or a connection that was lost took with it what nobody can ask for again. */
static int32_t service_end(const struct error *status, muon_error *err)
{
    if (status->reason == REASON_NONE)
        return MUON_END;
    if (status->reason == REASON_CALLER_GONE)
        return status_fail(err, MUON_EUNAVAIL, "the connection was lost: %s", status->message);
    return status_of_error(err, status);
}

int32_t sub_request_end(const struct sub_request *request, const struct error *status,
                        muon_error *err)
{
    if (request->service)
        return service_end(status, err);
    bool ended = status->reason == REASON_NONE && request->ask.type == STREAM_COLD;
    bool passing = status->reason == REASON_NONE || status->reason == REASON_CALLER_GONE ||
                   status->reason == REASON_TIMED_OUT || status->retryable;
    if (ended || is_done(request))
        return MUON_END;
    return passing ? MUON_OK : status_of_error(err, status);
}
