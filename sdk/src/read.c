/*
 * read.c - a page of events, and a single one.
 */
#include "sdk/src/read.h"

#include "sdk/src/batch.h"
#include "sdk/src/client.h"
#include "sdk/src/item.h"
#include "sdk/src/status.h"
#include "sdk/src/sub_request.h"
#include "wire/codec.h"
#include "wire/text.h"

enum { READ_MAX = 10000 };

/* ---- the answer ---- */

static size_t count(struct bytes *const *messages, size_t messages_len)
{
    size_t events = 0;
    for (size_t i = 0; i < messages_len; i++) {
        struct span rest = bytes_span(messages[i]);
        struct part part;
        while (part_next(&rest, &part) > 0)
            events += part.kind == PART_EVENT;
    }
    return events;
}

static bool add_all(muon_batch *batch, struct bytes *message, bool *malformed)
{
    struct span rest = bytes_span(message);
    struct part part;
    int more;
    batch_hold(batch, message);
    while ((more = part_next(&rest, &part)) > 0)
        if (part.kind == PART_EVENT && !batch_add(batch, part.event, malformed))
            return false;
    *malformed = more < 0;
    return more == 0;
}

int32_t read_batch(struct bytes *const *messages, size_t messages_len, muon_batch **out,
                   muon_error *err)
{
    muon_batch *batch = batch_new(count(messages, messages_len), messages_len);
    bool malformed = false, added = batch != NULL;
    for (size_t i = 0; i < messages_len && added; i++)
        added = add_all(batch, messages[i], &malformed);
    if (added) {
        *out = batch;
        return MUON_OK;
    }
    muon_batch_free(batch);
    if (malformed)
        return status_fail(err, MUON_EPROTO, "the store sent events that cannot be read");
    return status_fail(err, MUON_ENOMEM, "out of memory for the events");
}

/* ---- a page ---- */

static int32_t make(const char *stream, int32_t from_kind, int64_t from, uint32_t max,
                    uint32_t flags, struct unary **out, muon_error *err)
{
    struct subscribe_request ask = {0}, seen;
    struct error error;
    const char *wrong = NULL;
    if (!stream)
        wrong = "stream must not be NULL";
    else if (max < 1 || max > READ_MAX)
        wrong = "max must be from 1 to 10000";
    else if (flags & ~(uint32_t)MUON_BACKWARDS)
        wrong = "unknown flags";
    else if (!sub_request_from(from_kind, from, &ask.from_kind, &ask.from))
        wrong = "from_kind is unknown, or from is negative";
    if (wrong)
        return status_fail(err, MUON_EINVAL, "muon_read: %s", wrong);
    ask.stream_name = text_span(stream);
    ask.limit = max;
    ask.backwards = flags & MUON_BACKWARDS;
    struct bytes *request = read_request_encode(&ask);
    if (request && read_request_decode(bytes_span(request), &seen, &error) != REASON_NONE) {
        bytes_unref(request);
        return status_of_error(err, &error);
    }
    *out = unary_new("/muon.v1.PhotonService/Read", request);
    return *out ? MUON_OK : status_fail(err, MUON_ENOMEM, "muon_read: out of memory");
}

int32_t muon_read(muon_client *c, const char *stream, int32_t from_kind, int64_t from, uint32_t max,
                  uint32_t flags, int32_t timeout_ms, muon_batch **out, muon_error *err)
{
    struct unary *unary;
    if (!out)
        return status_fail(err, MUON_EINVAL, "muon_read: out must not be NULL");
    int32_t status = make(stream, from_kind, from, max, flags, &unary, err);
    if (status != MUON_OK)
        return status;
    status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK)
        status = read_batch(unary->answer, unary->answer_len, out, err);
    unary_free(unary);
    return status;
}

static void convert(struct unary *unary, muon_item *item)
{
    muon_batch *batch;
    muon_error error;
    item->status = read_batch(unary->answer, unary->answer_len, &batch, &error);
    if (item->status == MUON_OK)
        item->object = batch;
    else
        item->error = item_error(&error);
}

int32_t muon_read_async(muon_client *c, const char *stream, int32_t from_kind, int64_t from,
                        uint32_t max, uint32_t flags, int32_t timeout_ms, muon_queue *q,
                        uint64_t tag, muon_error *err)
{
    struct unary *unary;
    if (!q || queue_client(q) != c)
        return status_fail(err, MUON_EINVAL, "muon_read_async: %s",
                           q ? "the queue belongs to another client" : "q must not be NULL");
    int32_t status = make(stream, from_kind, from, max, flags, &unary, err);
    if (status != MUON_OK)
        return status;
    unary->convert = convert;
    return unary_start(c, unary, timeout_ms, q, tag, MUON_ITEM_PAGE, err);
}

/* ---- one event ---- */

/* GetEventResponse has its event where ReadResponse has its events: the same reader does. */
static int32_t make_get(const muon_place *place, struct unary **out, muon_error *err)
{
    int ways = (place->order_id != 0) + (place->event_id != NULL) + (place->stream != NULL);
    if (ways != 1 || place->order_id < 0 || (place->stream && place->version < 1))
        return status_fail(
            err, MUON_EINVAL,
            "muon_get: give exactly one of order_id, event_id, and stream with a version from 1");
    struct get_request ask = {
        .by = place->order_id   ? GET_BY_ORDER_ID
              : place->event_id ? GET_BY_EVENT_ID
                                : GET_BY_VERSION,
        .order_id = (uint64_t)place->order_id,
        .event_id = text_span(place->event_id),
        .stream_name = text_span(place->stream),
        .version = (uint64_t)place->version,
    };
    struct get_request seen;
    struct error error;
    struct bytes *request = get_request_encode(&ask);
    if (request && get_request_decode(bytes_span(request), &seen, &error) != REASON_NONE) {
        bytes_unref(request);
        return status_of_error(err, &error);
    }
    *out = unary_new("/muon.v1.PhotonService/GetEvent", request);
    return *out ? MUON_OK : status_fail(err, MUON_ENOMEM, "muon_get: out of memory");
}

int32_t muon_get(muon_client *c, const muon_place *place, int32_t timeout_ms, muon_batch **out,
                 muon_error *err)
{
    struct unary *unary;
    muon_batch *batch;
    if (!out || !place)
        return status_fail(err, MUON_EINVAL, "muon_get: place and out must not be NULL");
    int32_t status = make_get(place, &unary, err);
    if (status != MUON_OK)
        return status;
    status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK)
        status = read_batch(unary->answer, unary->answer_len, &batch, err);
    unary_free(unary);
    if (status != MUON_OK)
        return status;
    if (muon_batch_count(batch) == 1) {
        *out = batch;
        return MUON_OK;
    }
    muon_batch_free(batch);
    return status_fail(err, MUON_EPROTO, "muon_get: the store's answer holds no event");
}
