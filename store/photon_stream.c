/*
 * photon_stream.c - /stream of the service `photon`: a cursor over the log, as Subscribe has it, whose events are given as JSON.
 *
 * A reader thread reads some events, and publishes them one by one while the subscriber has room; what is left waits, and nothing more is
 * read. Whatever happens – room, a commit, being given up – sets a flag and submits the job, unless it is submitted or running already.
 */
#include "store/photon.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/cursor.h"
#include "store/fanout.h"
#include "store/photon_json.h"
#include "store/photon_stream_args.h"
#include "store/readers.h"
#include "wire/text.h"

enum { STEP_BYTES = 32 * 1024 };

struct publish {
    struct readers_job job; /* first */
    struct store *store;
    struct inside_call *call;

    pthread_mutex_t lock;
    bool scheduled, woken, ended;

    /* The job's own. */
    struct subscribe_request request; /* views of message */
    struct bytes *message;
    struct cursor cursor;
    bool opened, last_read; /* nothing more is to be read */
    uint64_t last;          /* cold: the head when it began */
    struct bytes *events;   /* framed, read and not published: */
    struct span rest;
    struct bytes *item; /* made, but there was no room */
    struct fanout_waiter waiter;
    bool waiting;
    _Atomic uint64_t woken_at;
};

/* ---- when it runs ---- */

static void schedule(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    p->woken = true;
    bool submit = !p->scheduled && !p->ended;
    p->scheduled = p->scheduled || submit;
    if (submit)
        readers_submit(p->store->readers, &p->job);
    pthread_mutex_unlock(&p->lock);
}

void photon_stream_wake(struct inside_call *call)
{
    schedule(inside_call_get(call));
}

/* On the committer's thread. */
static void commit_came(struct fanout_waiter *waiter, uint64_t first)
{
    struct publish *p = (struct publish *)((char *)waiter - offsetof(struct publish, waiter));
    atomic_store(&p->woken_at, first);
    schedule(p);
}

/* Over, with OK when error is NULL. The call's state may be gone afterwards. */
static void end(struct publish *p, const struct error *error)
{
    struct inside_call *call = p->call;
    fanout_cancel(p->store->fanout, &p->waiter);
    pthread_mutex_lock(&p->lock);
    p->ended = true;
    pthread_mutex_unlock(&p->lock);
    if (error)
        inside_fail(call, error);
    else
        inside_end(call);
}

/* ---- reading ---- */

static enum reason open_cursor(struct publish *p, struct error *error)
{
    p->last = p->request.type == STREAM_COLD ? atomic_load(&p->store->head) : UINT64_MAX;
    enum reason reason = cursor_open(&p->cursor, p->store, p->message, &p->request, error);
    p->opened = reason == REASON_NONE;
    return reason;
}

/* Leave the fan-out. If no commit woke us, nothing of interest has come up to the head read before. */
static uint64_t leave_waiting(struct publish *p)
{
    struct store *store = p->store;
    uint64_t head = atomic_load(&store->head);
    if (p->waiting && fanout_cancel(store->fanout, &p->waiter))
        cursor_skip(&p->cursor, head + 1);
    p->waiting = false;
    cursor_skip(&p->cursor, atomic_exchange(&p->woken_at, 0));
    head = atomic_load(&store->head);
    return head < p->last ? head : p->last;
}

/* The batch's parts in one: a frame may lie across two. */
static bool keep_events(struct publish *p, struct parts *parts)
{
    bool ok = parts_close(parts);
    struct bytes *events = ok ? bytes_new(parts->bytes) : NULL;
    uint8_t *at = events ? events->data : NULL;
    for (size_t i = 0; events && i < parts->len; i++) {
        memcpy(at, parts->part[i]->data, parts->part[i]->len);
        at += parts->part[i]->len;
    }
    parts_clear(parts);
    bytes_unref(p->events);
    p->events = events;
    p->rest = events ? bytes_span(events) : (struct span){NULL, 0};
    return events != NULL;
}

/* Read on. *idle: there is nothing now, and a commit will say when there is. */
static enum reason read_on(struct publish *p, bool *idle, struct error *error)
{
    struct cursor_batch batch;
    uint64_t head = leave_waiting(p);
    enum reason reason = cursor_read(&p->cursor, head, STEP_BYTES, &batch, error);
    if (reason != REASON_NONE)
        return reason;
    if (!keep_events(p, &batch.parts))
        return error_set(error, REASON_BUSY, "the store is out of memory: retry later");
    p->last_read = batch.done || (p->request.type == STREAM_COLD && batch.at_head);
    if (p->rest.len || p->last_read || !batch.at_head)
        return REASON_NONE;
    p->waiting = fanout_wait(p->store->fanout, &p->waiter, &p->store->head, p->cursor.at.next - 1);
    *idle = p->waiting;
    return REASON_NONE;
}

/* ---- publishing ---- */

static enum reason make_item(struct publish *p, struct error *error)
{
    struct part part;
    struct event event;
    if (part_next(&p->rest, &part) != 1 || part.kind != PART_EVENT ||
        !event_read(part.event, &event))
        return error_set(error, REASON_CORRUPT, "an event is malformed; run photond verify");
    char *text = photon_json_print(&event);
    p->item = text ? bytes_wrap(text, strlen(text), free) : NULL;
    if (p->item)
        return REASON_NONE;
    free(text);
    return error_set(error, REASON_BUSY, "the store is out of memory: retry later");
}

/* Publish what was read. *full: there is no room now, and wake will say when there is. */
static enum reason publish(struct publish *p, bool *full, struct error *error)
{
    enum reason reason = REASON_NONE;
    while (!*full && (p->item || p->rest.len)) {
        if (!p->item)
            reason = make_item(p, error);
        if (reason != REASON_NONE)
            return reason;
        *full = !inside_item(p->call, p->item);
        if (*full)
            break;
        bytes_unref(p->item);
        p->item = NULL;
    }
    return REASON_NONE;
}

/* One step. *again: there is more to do at once. false: it has ended. */
static bool step(struct publish *p, bool *again)
{
    struct error error;
    bool idle = false, full = false;
    if (inside_call_given_up(p->call)) {
        end(p, NULL);
        return false;
    }
    enum reason reason = p->opened ? REASON_NONE : open_cursor(p, &error);
    if (reason == REASON_NONE && !p->item && !p->rest.len && !p->last_read)
        reason = read_on(p, &idle, &error);
    if (reason == REASON_NONE)
        reason = publish(p, &full, &error);
    if (reason != REASON_NONE) {
        end(p, &error);
        return false;
    }
    if (p->last_read && !p->item && !p->rest.len) {
        end(p, NULL);
        return false;
    }
    *again = !idle && !full;
    return true;
}

static void run(struct readers_job *job)
{
    struct publish *p = (struct publish *)job;
    bool again = false;
    pthread_mutex_lock(&p->lock);
    p->woken = false;
    pthread_mutex_unlock(&p->lock);
    if (!step(p, &again))
        return;
    pthread_mutex_lock(&p->lock);
    p->scheduled = again || p->woken;
    if (p->scheduled)
        readers_submit(p->store->readers, &p->job);
    pthread_mutex_unlock(&p->lock);
}

/* ---- the call ---- */

void photon_stream_gone(struct inside_call *call)
{
    struct publish *p = inside_call_get(call);
    if (p->opened)
        cursor_close(&p->cursor);
    bytes_unref(p->message);
    bytes_unref(p->events);
    bytes_unref(p->item);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void photon_stream_begin(struct store *store, struct inside_call *call)
{
    struct error error;
    struct bytes *message =
        photon_stream_args(inside_call_url(call)->args, inside_call_body(call), &error);
    struct publish *p = message ? calloc(1, sizeof *p) : NULL;
    if (message && !p)
        error_set(&error, REASON_BUSY, "the store is out of memory: retry later");
    if (!p || subscribe_request_decode(bytes_span(message), &p->request, &error) != REASON_NONE) {
        bytes_unref(message);
        free(p);
        inside_fail(call, &error);
        return;
    }
    p->job.run = run;
    p->store = store;
    p->call = call;
    p->message = message;
    p->waiter = (struct fanout_waiter){.woken = commit_came, .name = p->request.stream_name};
    pthread_mutex_init(&p->lock, NULL);
    inside_call_set(call, p);
    schedule(p);
}
