/*
 * photon_events.c - /events and /stream/delete: what the service `photon` writes. As emit.c, but asked in JSON.
 *
 * What handles something says so by the request's cause and trace: an event without its own inherits them.
 */
#include "store/photon.h"

#include <stdlib.h>
#include <string.h>

#include "store/commit.h"
#include "store/emit.h"
#include "store/photon_json.h"
#include "wire/text.h"

struct write {
    struct inside_call *call;
    struct submission submission;
    struct bytes *message, *made; /* what the submission's spans view */
    bool prepared;
};

static void write_free(struct write *write)
{
    if (write->prepared)
        submission_fini(&write->submission);
    bytes_unref(write->message);
    bytes_unref(write->made);
    free(write);
}

static enum reason no_memory(struct error *error)
{
    return error_set(error, REASON_BUSY,
                     "the store is out of memory; nothing was stored: retry later");
}

/* Prepare it, and hand it to the committer; what fails ends the call. */
static void submit(struct store *store, struct inside_call *call,
                   enum reason (*prepare)(struct store *store, struct write *write,
                                          struct error *error))
{
    struct error error;
    struct write *write = calloc(1, sizeof *write);
    if (!write) {
        photon_no_memory(call);
        return;
    }
    write->call = call;
    enum reason reason = prepare(store, write, &error);
    write->submission.owner = write;
    if (reason == REASON_NONE)
        reason = commit_submit(store->commit, &write->submission, &error);
    if (reason == REASON_NONE)
        return;
    write_free(write);
    inside_fail(call, &error);
}

/* ---- /events ---- */

static void events_done(struct submission *submission, bool same_owner_next)
{
    struct write *write = submission->owner;
    (void)same_owner_next;
    if (submission->error) {
        inside_fail(write->call, submission->error);
    } else {
        struct event event = submission->request.events[0];
        event.order_id = submission->stored[0].order_id;
        event.version = submission->stored[0].version;
        event.event_time = submission->event_time;
        photon_answer_text(write->call, photon_json_print(&event));
    }
    write_free(write);
}

/* The event as a batch of one, encoded as a client of gRPC would. */
static enum reason encode(struct write *write, struct error *error)
{
    struct event event;
    json_t *parsed;
    enum reason reason = photon_json_event(inside_call_body(write->call), &event, &parsed, error);
    if (event.caused_by.len == 0)
        event.caused_by = inside_call_caused_by(write->call);
    if (event.traceparent.len == 0)
        event.traceparent = inside_call_traceparent(write->call);
    struct emit_request batch = {.events = &event, .events_len = 1};
    if (reason == REASON_NONE) {
        write->message = emit_request_encode(&batch);
        reason = write->message ? REASON_NONE : no_memory(error);
    }
    json_decref(parsed);
    return reason;
}

static enum reason events_prepare(struct store *store, struct write *write, struct error *error)
{
    struct emit_request request;
    enum reason reason = encode(write, error);
    if (reason == REASON_NONE)
        reason = emit_request_decode(bytes_span(write->message), &store->limits, &request, error);
    if (reason != REASON_NONE)
        return reason;
    if (!emit_make_ids(&request, &write->made) ||
        !submission_init_emit(&write->submission, &request)) {
        emit_request_fini(&request);
        return no_memory(error);
    }
    write->prepared = true;
    write->submission.done = events_done;
    return REASON_NONE;
}

void photon_events_begin(struct store *store, struct inside_call *call)
{
    submit(store, call, events_prepare);
}

/* ---- /stream/delete ---- */

static void delete_done(struct submission *submission, bool same_owner_next)
{
    struct write *write = submission->owner;
    (void)same_owner_next;
    if (submission->error)
        inside_fail(write->call, submission->error);
    else
        photon_answer_text(write->call, strdup("{\"correct\":true}"));
    write_free(write);
}

/* The name that is asked for, as a DeleteStreamRequest, which says what is wrong with it. */
static enum reason delete_decode(struct write *write, struct delete_request *request,
                                 struct error *error)
{
    json_t *object = photon_json_object(inside_call_body(write->call), error);
    if (!object)
        return error->reason;
    json_t *name = json_object_get(object, "stream-name");
    struct delete_request asked = {
        .stream_name = {(const uint8_t *)json_string_value(name), json_string_length(name)}};
    write->message = delete_request_encode(&asked);
    json_decref(object);
    if (!write->message)
        return no_memory(error);
    return delete_request_decode(bytes_span(write->message), request, error);
}

static enum reason delete_prepare(struct store *store, struct write *write, struct error *error)
{
    struct delete_request request;
    (void)store;
    enum reason reason = delete_decode(write, &request, error);
    if (reason != REASON_NONE)
        return reason;
    write->made = emit_deletion(&request);
    if (!write->made ||
        !submission_init_delete(&write->submission, &request, bytes_span(write->made)))
        return no_memory(error);
    write->prepared = true;
    write->submission.done = delete_done;
    return REASON_NONE;
}

void photon_delete_begin(struct store *store, struct inside_call *call)
{
    submit(store, call, delete_prepare);
}
