/*
 * sub_request.c - the request is encoded once, checked by the decoder that the store uses, and kept; each call's request is made
 * from it and from the place reached.
 */
#include "sdk/src/sub_request.h"

#include <string.h>

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

int32_t sub_request_init(struct sub_request *request, const char *stream, const muon_sub_opts *opts,
                         muon_error *err)
{
    static const enum stream_type types[] = {
        [MUON_HOT_COLD] = STREAM_HOT_COLD,
        [MUON_COLD] = STREAM_COLD,
        [MUON_HOT] = STREAM_HOT,
    };
    struct subscribe_request ask = {0};
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
    request->encoded = NULL;
}

struct bytes *sub_request_encode(struct sub_request *request, const struct info *info)
{
    struct subscribe_request ask = request->ask;
    if (!request->placed) {
        memcpy(request->store_id, info->store_id, sizeof request->store_id);
        request->incarnation = info->incarnation;
        return subscribe_request_encode(&ask);
    }
    if (ask.type == STREAM_HOT)
        ask.type = STREAM_HOT_COLD;
    ask.from_kind = FROM_ORDER_ID;
    ask.from = (uint64_t)request->position + 1;
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

bool sub_request_is_done(const struct sub_request *request)
{
    return request->ask.limit && request->received >= request->ask.limit;
}
