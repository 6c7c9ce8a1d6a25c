/*
 * snapshot_call.c - see snapshot_call.h.
 */
#include "store/snapshot_call.h"

#include <stdlib.h>
#include <string.h>

#include "store/admin.h"
#include "store/pick.h"
#include "store/snapshot.h"
#include "wire/codec-backup.h"
#include "wire/text.h"

/* A step that sends nothing may read more. */
enum { MESSAGE_BYTES = 128 * 1024, QUIET_BYTES = 1024 * 1024 };

struct snapshot_call {
    struct admin_feed feed; /* first */
    struct store *store;
    struct snapshot_request request; /* views of message */
    struct bytes *message;
    struct snapshot snapshot;
    bool opened, begun;
};

static bool tell_begun(struct snapshot_call *c, struct parts *message)
{
    uint8_t mark[SNAPSHOT_MARK_BYTES_MAX];
    struct snapshot_begun begun = {.store_id = text_span(log_store_id(c->store->log)),
                                   .incarnation = log_incarnation(c->store->log),
                                   .after_order_id = c->snapshot.after,
                                   .up_to_order_id = c->snapshot.last};
    memcpy(begun.after_digest, c->snapshot.after_digest, DIGEST_BYTES);
    c->begun = true;
    return parts_copy(message, (struct span){mark, snapshot_begun_put(mark, &begun)});
}

static bool tell_done(struct snapshot_call *c, struct parts *message)
{
    uint8_t mark[SNAPSHOT_MARK_BYTES_MAX];
    const struct snapshot *s = &c->snapshot;
    struct snapshot_done done = {.events = s->events,
                                 .first_order_id = s->first_order_id,
                                 .last_order_id = s->last_order_id};
    memcpy(done.digest, s->digest, DIGEST_BYTES);
    return parts_copy(message, (struct span){mark, snapshot_done_put(mark, &done)});
}

static void open_snapshot(struct snapshot_call *c)
{
    const struct snapshot_request *r = &c->request;
    snapshot_open(&c->snapshot, c->store, r->after_order_id, r->up_to_order_id,
                  r->after_digest.len ? r->after_digest.data : NULL);
    c->opened = true;
}

static enum feed_result fail(struct parts *message)
{
    parts_clear(message);
    return FEED_FAILED;
}

static enum feed_result make(struct feed *feed, unsigned ahead, struct parts *message,
                             struct error *error)
{
    struct snapshot_call *c = (struct snapshot_call *)feed;
    struct snapshot *s = &c->snapshot;
    bool quiet = c->request.digest_only, told = true;
    (void)ahead;
    if (!c->opened)
        open_snapshot(c);
    if (!snapshot_is_over(s) &&
        snapshot_step(s, quiet ? QUIET_BYTES : MESSAGE_BYTES, quiet ? NULL : message, error))
        return fail(message);
    if (!c->begun && (snapshot_gives(s) || snapshot_is_over(s)))
        told = tell_begun(c, message);
    if (told && snapshot_is_over(s))
        told = tell_done(c, message);
    if (told && parts_close(message))
        return snapshot_is_over(s) ? FEED_LAST : FEED_MORE;
    pick_no_memory(error);
    return fail(message);
}

/* No more is read, so nothing need be held back. */
static void end(struct feed *feed)
{
    struct snapshot_call *c = (struct snapshot_call *)feed;
    if (c->opened)
        snapshot_close(&c->snapshot);
    admin_feed_end(&c->feed);
}

static void free_call(struct feed *feed)
{
    bytes_unref(((struct snapshot_call *)feed)->message);
    free(feed);
}

static const struct feed_maker maker = {.make = make, .end = end, .free = free_call};

static enum reason check_store(const struct snapshot_request *request, const struct store *store,
                               struct error *error)
{
    const char *id = log_store_id(store->log);
    if (request->store_id.len == 0 || text_equal(request->store_id, text_span(id)))
        return REASON_NONE;
    return error_set(error, REASON_WRONG_STORE,
                     "this is store %s, and not the one that was backed up before: begin with a "
                     "whole backup, or connect elsewhere",
                     id);
}

static enum reason start(struct serve_call *call, struct admin *admin, struct bytes *message,
                         struct error *error)
{
    struct snapshot_request request;
    if (snapshot_request_decode(bytes_span(message), &request, error) ||
        check_store(&request, admin->store, error))
        return error->reason;
    struct snapshot_call *c = calloc(1, sizeof *c);
    if (!c)
        return error_set(error, REASON_BUSY, "no memory for another call: try again later");
    c->store = admin->store;
    c->request = request;
    c->message = bytes_ref(message);
    enum reason reason = admin_feed_start(&c->feed, admin, call, &maker, error);
    if (reason)
        free_call(&c->feed.feed);
    return reason;
}

static void begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct error error;
    serve_call_set(call, NULL);
    if (start(call, service, message, &error))
        serve_finish(call, &error);
}

const struct serve_method snapshot_method = {.path = "/muon.v1.AdminService/Snapshot",
                                             .gives_stream = true,
                                             .begin = begin,
                                             .sent = feed_sent,
                                             .lost = feed_lost,
                                             .gone = feed_gone};
