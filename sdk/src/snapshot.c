/*
 * snapshot.c - the history of a store, read run by run.
 *
 * A message is a run: what else stands in it, at most a few hundred bytes, readers of entries pass over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muon/muon.h>

#include "sdk/src/pipe.h"
#include "sdk/src/status.h"
#include "wire/codec-backup.h"
#include "wire/text.h"

enum { STORE_ID_BYTES = 256 };

struct muon_snapshot {
    struct pipe *pipe;
    struct bytes *message; /* that the application looks at, or is to look at next */
    bool given;            /* … looks at */
    bool done;
    char store_id[STORE_ID_BYTES];
    muon_snapshot_info info;
};

static int32_t fail_message(muon_error *err)
{
    return status_fail(err, MUON_EPROTO, "the store sent a snapshot that cannot be read");
}

static void take_begun(muon_snapshot *s, const struct snapshot_begun *begun)
{
    error_text(s->store_id, sizeof s->store_id, begun->store_id);
    s->info.incarnation = (int64_t)begun->incarnation;
    s->info.after = (int64_t)begun->after_order_id;
    s->info.up_to = (int64_t)begun->up_to_order_id;
    memcpy(s->info.after_digest, begun->after_digest, DIGEST_BYTES);
}

static void take_done(muon_snapshot *s, const struct snapshot_done *done)
{
    s->info.sum = (muon_sum){.events = (int64_t)done->events,
                             .first_order_id = (int64_t)done->first_order_id,
                             .last_order_id = (int64_t)done->last_order_id};
    memcpy(s->info.sum.digest, done->digest, DIGEST_BYTES);
    s->done = true;
}

/* Get the next message. MUON_END: there is none, and the call has ended as it should. */
static int32_t fetch(muon_snapshot *s, int32_t timeout_ms, struct snapshot_marks *marks,
                     muon_error *err)
{
    bytes_unref(s->message);
    s->message = NULL;
    s->given = false;
    int32_t status = pipe_next(s->pipe, timeout_ms, &s->message, err);
    if (status == MUON_END && !s->done)
        return status_fail(err, MUON_EPROTO, "the store has ended the snapshot too early");
    if (status != MUON_OK)
        return status;
    if (!snapshot_marks_read(bytes_span(s->message), marks))
        return fail_message(err);
    if (marks->has_done)
        take_done(s, &marks->done);
    return MUON_OK;
}

static struct bytes *request_of(const muon_snapshot_opts *opts)
{
    struct snapshot_request request = {
        .after_order_id = (uint64_t)opts->after,
        .up_to_order_id = (uint64_t)opts->up_to,
        .digest_only = opts->digest_only != 0,
        .store_id = opts->store_id ? text_span(opts->store_id) : (struct span){NULL, 0},
        .after_digest = {opts->digest, opts->digest ? DIGEST_BYTES : 0}};
    return snapshot_request_encode(&request);
}

static int32_t begin(muon_snapshot *s, muon_client *c, const muon_snapshot_opts *opts,
                     muon_error *err)
{
    struct snapshot_marks marks;
    struct bytes *request = request_of(opts);
    if (!request)
        return status_fail(err, MUON_ENOMEM, "muon_snapshot_open: out of memory");
    int32_t status =
        pipe_open(c, "/muon.v1.AdminService/Snapshot", opts->timeout_ms, &s->pipe, err);
    if (status == MUON_OK)
        status = pipe_send(s->pipe, request, true, opts->timeout_ms, err);
    bytes_unref(request);
    /* What is before may have to be read for its digest: as long as that takes, the call is there. */
    if (status == MUON_OK)
        status = fetch(s, MUON_FOREVER, &marks, err);
    if (status == MUON_END || (status == MUON_OK && !marks.has_begun))
        return fail_message(err);
    if (status == MUON_OK)
        take_begun(s, &marks.begun);
    return status;
}

int32_t muon_snapshot_open(muon_client *c, const muon_snapshot_opts *opts, muon_snapshot **out,
                           muon_error *err)
{
    static const muon_snapshot_opts all = {0};
    if (!opts)
        opts = &all;
    if (!out || opts->after < 0 || opts->up_to < 0)
        return status_fail(err, MUON_EINVAL, "muon_snapshot_open: %s",
                           out ? "an order id is negative" : "out must not be NULL");
    muon_snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return status_fail(err, MUON_ENOMEM, "muon_snapshot_open: out of memory");
    int32_t status = begin(s, c, opts, err);
    if (status == MUON_OK)
        *out = s;
    else
        muon_snapshot_free(s);
    return status;
}

int32_t muon_snapshot_next(muon_snapshot *s, const void **run, size_t *len, int32_t timeout_ms,
                           muon_error *err)
{
    struct snapshot_marks marks;
    int32_t status = MUON_OK;
    if (!s || !run || !len)
        return status_fail(err, MUON_EINVAL, "muon_snapshot_next: no argument may be NULL");
    if (!s->message || s->given)
        status = fetch(s, timeout_ms, &marks, err);
    if (status != MUON_OK)
        return status;
    s->given = true;
    *run = s->message->data;
    *len = s->message->len;
    return MUON_OK;
}

void muon_snapshot_about(const muon_snapshot *s, muon_snapshot_info *out)
{
    *out = s->info;
    out->store_id = s->store_id;
}

void muon_snapshot_free(muon_snapshot *s)
{
    if (!s)
        return;
    pipe_free(s->pipe);
    bytes_unref(s->message);
    free(s);
}
