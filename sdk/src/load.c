/*
 * load.c - muon_load: a cold subscription from where the state stands, folded on the caller's thread.
 */
#include <muon/muon.h>

#include "sdk/src/client.h"
#include "sdk/src/clock.h"
#include "sdk/src/status.h"

/* Fold one batch. */
static int32_t fold(const muon_batch *batch, muon_apply_fn apply, void *state, int64_t *version,
                    muon_error *err)
{
    for (size_t i = 0; i < muon_batch_count(batch); i++) {
        const muon_event *event = muon_batch_at(batch, i);
        int32_t answer = apply(state, event);
        if (answer != 0)
            return status_fail(err, MUON_EUSER, "apply returned %d at version %lld of %.100s",
                               answer, (long long)event->version, event->stream.ptr);
        *version = event->version;
    }
    return MUON_OK;
}

/* A state that stands somewhere can only go on if nothing of its stream was deleted meanwhile. */
static int32_t fold_checked(const muon_batch *batch, const char *stream, muon_apply_fn apply,
                            void *state, int64_t *version, muon_error *err)
{
    int32_t status = fold(batch, apply, state, version, err);
    if (status == MUON_OK && *version > 0 && muon_batch_flags(batch) & MUON_BATCH_TRUNCATED)
        return status_fail(err, MUON_ECONFLICT,
                           "events of %.100s after version %lld were deleted: load it again from 0",
                           stream, (long long)*version);
    return status;
}

int32_t muon_load(muon_client *c, const char *stream, muon_apply_fn apply, void *state,
                  int64_t *version, int32_t timeout_ms, muon_error *err)
{
    int64_t deadline_ms;
    muon_sub *sub;
    if (!apply || !version || *version < 0)
        return status_fail(err, MUON_EINVAL,
                           "muon_load: apply and version must not be NULL, nor *version negative");
    int32_t status = client_enter(c, err);
    if (status != MUON_OK)
        return status;
    bool valid = client_deadline(c, timeout_ms, &deadline_ms, err);
    client_leave(c);
    if (!valid)
        return MUON_EINVAL;
    const muon_sub_opts opts = {
        .mode = MUON_COLD, .from_kind = MUON_FROM_VERSION, .from = *version + 1};
    status = muon_subscribe(c, stream, &opts, &sub, err);
    if (status != MUON_OK)
        return status;
    while (status == MUON_OK) {
        muon_batch *batch;
        int64_t left_ms = clock_left_ms(deadline_ms);
        status = muon_sub_next(sub, &batch, left_ms == 0 ? 1 : (int32_t)left_ms, err);
        if (status != MUON_OK)
            break;
        status = fold_checked(batch, stream, apply, state, version, err);
        muon_batch_free(batch);
        if (status == MUON_OK && clock_left_ms(deadline_ms) == 0)
            status = status_fail(err, MUON_ETIMEDOUT,
                                 "muon_load: %.100s is loaded up to version %lld only", stream,
                                 (long long)*version);
    }
    muon_sub_free(sub);
    return status == MUON_END ? MUON_OK : status;
}
