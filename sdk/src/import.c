/*
 * import.c - a history, sent to a store run by run.
 *
 * Runs leave one after the other; the store holds us back when it is behind. Its answers say how far it has got, and only the last one
 * is of interest, so they are looked at in passing.
 */
#include <stdlib.h>
#include <string.h>

#include <muon/muon.h>

#include "sdk/src/pipe.h"
#include "sdk/src/status.h"
#include "wire/codec-backup.h"

enum { RUN_BYTES_MAX = 4 << 20 };

struct muon_import {
    struct pipe *pipe;
    struct import_state at;
    bool finished;
};

static int32_t take(muon_import *i, struct bytes *message, muon_error *err)
{
    enum reason reason = import_response_decode(bytes_span(message), &i->at, &i->finished);
    bytes_unref(message);
    return reason ? status_fail(err, MUON_EPROTO, "the store sent an answer that cannot be read")
                  : MUON_OK;
}

/* Wait for an answer. */
static int32_t hear(muon_import *i, int32_t timeout_ms, muon_error *err)
{
    struct bytes *message;
    int32_t status = pipe_next(i->pipe, timeout_ms, &message, err);
    if (status == MUON_END)
        return status_fail(err, MUON_EPROTO, "the store has ended the import too early");
    return status == MUON_OK ? take(i, message, err) : status;
}

/* A call goes out with its first message: one that holds nothing. */
static int32_t begin(muon_import *i, muon_client *c, int32_t timeout_ms, muon_error *err)
{
    struct bytes *nothing = bytes_new(0);
    if (!nothing)
        return status_fail(err, MUON_ENOMEM, "muon_import_open: out of memory");
    int32_t status = pipe_open(c, "/muon.v1.AdminService/Import", timeout_ms, &i->pipe, err);
    if (status == MUON_OK)
        status = pipe_send(i->pipe, nothing, false, timeout_ms, err);
    if (status == MUON_OK)
        status = hear(i, timeout_ms, err);
    bytes_unref(nothing);
    return status;
}

int32_t muon_import_open(muon_client *c, int32_t timeout_ms, muon_import **out, muon_sum *have,
                         muon_error *err)
{
    if (!out || !have)
        return status_fail(err, MUON_EINVAL, "muon_import_open: out and have must not be NULL");
    muon_import *i = calloc(1, sizeof *i);
    if (!i)
        return status_fail(err, MUON_ENOMEM, "muon_import_open: out of memory");
    int32_t status = begin(i, c, timeout_ms, err);
    if (status != MUON_OK) {
        muon_import_free(i);
        return status;
    }
    *have =
        (muon_sum){.events = (int64_t)i->at.events, .last_order_id = (int64_t)i->at.last_order_id};
    memcpy(have->digest, i->at.digest, DIGEST_BYTES);
    *out = i;
    return MUON_OK;
}

int32_t muon_import_send(muon_import *i, const void *run, size_t len, int32_t timeout_ms,
                         muon_error *err)
{
    if (!i || !run || len > RUN_BYTES_MAX)
        return status_fail(err, MUON_EINVAL, "muon_import_send: a run has at most %d bytes",
                           RUN_BYTES_MAX);
    struct bytes *answer, *message = bytes_copy(run, len);
    if (!message)
        return status_fail(err, MUON_ENOMEM, "muon_import_send: out of memory");
    int32_t status = pipe_send(i->pipe, message, false, timeout_ms, err);
    bytes_unref(message);
    while (status == MUON_OK && (answer = pipe_look(i->pipe)) != NULL)
        status = take(i, answer, err);
    return status;
}

int32_t muon_import_end(muon_import *i, const muon_sum *sum, int32_t timeout_ms, muon_error *err)
{
    if (!i || !sum)
        return status_fail(err, MUON_EINVAL, "muon_import_end: import and sum must not be NULL");
    struct import_state end = {.last_order_id = (uint64_t)sum->last_order_id};
    memcpy(end.digest, sum->digest, DIGEST_BYTES);
    struct bytes *message = import_end_encode(&end);
    if (!message)
        return status_fail(err, MUON_ENOMEM, "muon_import_end: out of memory");
    i->finished = false; /* of what was there before */
    int32_t status = pipe_send(i->pipe, message, true, timeout_ms, err);
    bytes_unref(message);
    bool ended = false;
    while (status == MUON_OK && !ended) {
        status = hear(i, timeout_ms, err);
        ended = i->finished && i->at.last_order_id == end.last_order_id;
    }
    return status;
}

void muon_import_progress(muon_import *i, muon_sum *out)
{
    *out =
        (muon_sum){.events = (int64_t)i->at.events, .last_order_id = (int64_t)i->at.last_order_id};
}

void muon_import_free(muon_import *i)
{
    if (!i)
        return;
    pipe_free(i->pipe);
    free(i);
}
