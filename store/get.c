/*
 * get.c - see get.h. Whatever names the event leads to a record's key and an ordinal in it, because order ids are dense in a record.
 */
#include "store/get.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/filter.h"
#include "store/gone.h"
#include "store/locate.h"
#include "store/logline.h"
#include "store/readers.h"
#include "store/scan.h"
#include "wire/event.h"
#include "wire/text.h"

/* ---- finding ---- */

static enum reason no_such_event(const struct get_request *request, struct error *error)
{
    switch (request->by) {
    case GET_BY_ORDER_ID:
        return error_set(error, REASON_NO_SUCH_EVENT, "no event has the order id %" PRIu64,
                         request->order_id);
    case GET_BY_EVENT_ID:
        return error_set(error, REASON_NO_SUCH_EVENT, "no event has the event id \"%.*s\"",
                         (int)request->event_id.len, (const char *)request->event_id.data);
    default:
        return error_set(error, REASON_NO_SUCH_EVENT,
                         "stream \"%.*s\" holds no event with version %" PRIu64,
                         (int)request->stream_name.len, (const char *)request->stream_name.data,
                         request->version);
    }
}

static enum reason find_event_id(struct store *store, struct span event_id, uint64_t *order_id,
                                 struct error *error)
{
    struct key key = key_event_id(event_id);
    struct bytes *value;
    struct id_entry entry;
    enum reason reason = log_get(store->log, key_span(&key), &value, error);
    *order_id = 0;
    if (reason || !value)
        return reason;
    bool decoded = id_entry_decode(bytes_span(value), &entry);
    bytes_unref(value);
    if (!decoded)
        return error_set(error, REASON_CORRUPT,
                         "the entry of event id \"%.*s\" is malformed; run photond verify",
                         (int)event_id.len, (const char *)event_id.data);
    *order_id = entry.order_id;
    return REASON_NONE;
}

static enum reason find_version(struct store *store, struct span stream, uint64_t version,
                                uint64_t *order_id, struct error *error)
{
    struct located at;
    struct log_iter *iter = log_iter_open(store->log, LOG_READ);
    *order_id = 0;
    if (!iter)
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "the store cannot be read now: try again");
    int found = version ? locate_find(iter, stream, version, &at, error) : 0;
    if (found == 1 && at.version <= version)
        *order_id = locate_order_id(&at, version);
    log_iter_close(iter);
    return found == -1 ? error->reason : REASON_NONE;
}

static enum reason find_order_id(struct store *store, const struct get_request *request,
                                 uint64_t *order_id, struct error *error)
{
    switch (request->by) {
    case GET_BY_EVENT_ID:
        return find_event_id(store, request->event_id, order_id, error);
    case GET_BY_VERSION:
        return find_version(store, request->stream_name, request->version, order_id, error);
    default:
        *order_id = request->order_id;
        return REASON_NONE;
    }
}

/* Is the event what was asked for, and still there? */
static bool is_it(struct store *store, const struct get_request *request, struct span raw)
{
    struct event event;
    if (filter_erased(raw) || !event_read(raw, &event) ||
        gone_covers(store->gone, event.stream_name, event.version))
        return false;
    return request->by != GET_BY_VERSION || (event.version == request->version &&
                                             text_equal(event.stream_name, request->stream_name));
}

static enum reason take(struct store *store, const struct get_request *request, uint64_t order_id,
                        uint64_t head, struct bytes **value, struct error *error)
{
    struct scan scan;
    struct span rest, frame, event;
    enum reason reason = REASON_NONE;
    scan_open(&scan, store, SCAN_NUMBER_UNKNOWN);
    int found = scan_next(&scan, order_id, head, error);
    if (found == -1)
        reason = error->reason;
    else if (found == 0 || scan.record.first > order_id ||
             !record_at(&scan.record, (uint32_t)(order_id - scan.record.first), &rest) ||
             record_next(&rest, &frame, &event) != 1 || !is_it(store, request, event))
        reason = no_such_event(request, error);
    else if (!(*value = bytes_copy(event.data, event.len)))
        reason = error_set(error, REASON_BUSY, "no memory for the event: try again later");
    scan_close(&scan, order_id);
    return reason;
}

enum reason get_event(struct store *store, const struct get_request *request, struct bytes **event,
                      struct error *error)
{
    uint64_t order_id, head = atomic_load(&store->head);
    enum reason reason = find_order_id(store, request, &order_id, error);
    if (reason)
        return reason;
    if (order_id == 0 || order_id > head)
        return no_such_event(request, error);
    gone_enter(store->gone);
    reason = take(store, request, order_id, head, event, error);
    gone_leave(store->gone);
    return reason;
}

/* ---- the call ---- */

struct get {
    struct readers_job job; /* first */
    struct serve_call *call;
    struct store *store;
    struct get_request request; /* views of message */
    struct bytes *message;
};

static void run(struct readers_job *job)
{
    struct get *get = (struct get *)job;
    struct error error;
    struct bytes *event = NULL, *response = NULL;
    enum reason reason = get_event(get->store, &get->request, &event, &error);
    if (reason == REASON_CORRUPT)
        logline_with(LOGLINE_ERROR, "a reader has met damaged data",
                     logline_text("error", error.message));
    if (!reason && !(response = get_response_encode(bytes_span(event))))
        error_set(&error, REASON_BUSY, "no memory for the event: try again later");
    bytes_unref(event);
    if (response)
        serve_reply(get->call, response);
    else
        serve_finish(get->call, &error);
    bytes_unref(response);
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    struct get *get = calloc(1, sizeof *get);
    if (!get) {
        error_set(&error, REASON_BUSY, "no memory for another call: try again later");
        serve_finish(call, &error);
        return;
    }
    *get = (struct get){
        .job = {.run = run}, .call = call, .store = service, .message = bytes_ref(message)};
    serve_call_set(call, get);
    if (get_request_decode(bytes_span(message), &get->request, &error))
        serve_finish(call, &error);
    else
        readers_submit(get->store->readers, &get->job);
}

static void lost(struct serve_call *call)
{
    (void)call; /* the job ends soon, and with it the call */
}

static void gone(struct serve_call *call)
{
    struct get *get = serve_call_get(call);
    if (get)
        bytes_unref(get->message);
    free(get);
}

const struct serve_method get_method = {
    .path = "/muon.v1.PhotonService/GetEvent", .begin = begin, .lost = lost, .gone = gone};
