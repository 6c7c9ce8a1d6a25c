/*
 * policies.c - see policies.h. Changing a policy is a commit of its own, as a deletion is; listing them reads memory.
 */
#include "store/policies.h"

#include <jansson.h>
#include <stdlib.h>

#include "store/commit.h"
#include "store/retention.h"
#include "wire/text.h"
#include "wire/uuid.h"

struct set_call {
    struct serve_call *call;
    struct submission submission;
    struct bytes *message; /* what the submission's spans view */
    struct bytes *made;
};

static enum reason no_memory(struct error *error)
{
    return error_set(error, REASON_BUSY,
                     "the store is out of memory; nothing was changed: retry later");
}

/* ---- SetRetention ---- */

/* {"pattern":"…","max-age-ms":…,"max-count":…}, each limit where there is one; to be freed. NULL: no memory. */
static char *change_payload(const struct retention *r)
{
    json_t *object = json_pack("{s:o}", "pattern",
                               json_stringn_nocheck((const char *)r->pattern.data, r->pattern.len));
    if (object && r->max_age_ms)
        json_object_set_new(object, "max-age-ms", json_integer((json_int_t)r->max_age_ms));
    if (object && r->max_count)
        json_object_set_new(object, "max-count", json_integer((json_int_t)r->max_count));
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

/* The event of the store's own that records the change, encoded. */
static struct bytes *change_event(const struct set_retention_request *request)
{
    char id[UUID_BYTES + 1], *payload = change_payload(&request->retention);
    if (!payload)
        return NULL;
    uuid7_new(id);
    struct event event = {.stream_name = text_span("__store__"),
                          .event_type =
                              text_span(request->clear ? "retention-cleared" : "retention-set"),
                          .event_id = text_span(id),
                          .payload = text_span(payload),
                          .id = request->retention.pattern,
                          .service_id = text_span("photon")};
    struct bytes *bytes = bytes_new(event_size(&event));
    if (bytes)
        event_put(bytes->data, &event);
    free(payload);
    return bytes;
}

static void set_done(struct submission *submission, bool same_owner_next)
{
    struct set_call *set = submission->owner;
    struct error error;
    (void)same_owner_next;
    if (submission->error) {
        serve_finish(set->call, submission->error);
        return;
    }
    struct bytes *answer =
        set_retention_response_encode(submission->recorded ? submission->stored[0].order_id : 0);
    if (answer) {
        serve_reply(set->call, answer);
    } else {
        error_set(&error, REASON_BUSY, "it is in force, and there is no memory for an answer");
        serve_finish(set->call, &error);
    }
    bytes_unref(answer);
}

static enum reason set_prepare(struct set_call *set, struct error *error)
{
    struct set_retention_request request;
    enum reason reason = set_retention_request_decode(bytes_span(set->message), &request, error);
    if (reason != REASON_NONE)
        return reason;
    set->made = change_event(&request);
    if (!set->made || !submission_init_retention(&set->submission, &request, bytes_span(set->made)))
        return no_memory(error);
    set->submission.owner = set;
    set->submission.done = set_done;
    return REASON_NONE;
}

static void set_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct store *store = service;
    struct error error;
    struct set_call *set = calloc(1, sizeof *set);
    if (set)
        *set = (struct set_call){.call = call, .message = bytes_ref(message)};
    serve_call_set(call, set);
    enum reason reason = set ? set_prepare(set, &error) : no_memory(&error);
    if (reason == REASON_NONE)
        reason = commit_submit(store->commit, &set->submission, &error);
    if (reason != REASON_NONE)
        serve_finish(call, &error);
}

/* Nobody waits any more, but what was submitted is committed all the same. */
static void lost(struct serve_call *call)
{
    (void)call;
}

static void set_gone(struct serve_call *call)
{
    struct set_call *set = serve_call_get(call);
    if (!set)
        return;
    submission_fini(&set->submission);
    bytes_unref(set->made);
    bytes_unref(set->message);
    free(set);
}

const struct serve_method set_retention_method = {.path = "/muon.v1.PhotonService/SetRetention",
                                                  .begin = set_begin,
                                                  .lost = lost,
                                                  .gone = set_gone};

/* ---- ListRetention ---- */

/* All of them, a message. NULL: no memory. */
static struct bytes *listed(struct retention_table *table)
{
    struct retention_list *list = retention_list(table);
    size_t size = 0;
    for (size_t i = 0; list && i < list->len; i++)
        size += retention_part_size(&list->policy[i]);
    struct bytes *all = list ? bytes_new(size) : NULL;
    uint8_t *at = all ? all->data : NULL;
    for (size_t i = 0; all && i < list->len; i++)
        at = retention_part_put(at, &list->policy[i]);
    free(list);
    return all;
}

static void list_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct store *store = service;
    struct error error;
    (void)message; /* nothing is asked */
    struct bytes *answer = listed(store->retention);
    serve_call_set(call, NULL);
    if (answer) {
        serve_reply(call, answer);
    } else {
        error_set(&error, REASON_BUSY, "the store is out of memory: retry later");
        serve_finish(call, &error);
    }
    bytes_unref(answer);
}

const struct serve_method list_retention_method = {.path = "/muon.v1.PhotonService/ListRetention",
                                                   .begin = list_begin,
                                                   .lost = lost,
                                                   .gone = lost};
