/*
 * status.c - one table for names, one for what the server's reasons come to.
 */
#include "sdk/src/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

enum { GRPC_UNAUTHENTICATED = 16 };
static_assert(sizeof((muon_error *)0)->request_id == REQUEST_ID_BYTES, "an id fits");

static const struct {
    int32_t code;
    uint32_t flags; /* what it usually means for whoever gets it */
    const char *name;
} table[] = {
    {MUON_OK, 0, "MUON_OK"},
    {MUON_END, 0, "MUON_END"},
    {MUON_EAGAIN, MUON_RETRYABLE, "MUON_EAGAIN"},
    {MUON_ETIMEDOUT, MUON_RETRYABLE, "MUON_ETIMEDOUT"},
    {MUON_ECANCELLED, 0, "MUON_ECANCELLED"},
    {MUON_ECLOSED, MUON_FATAL, "MUON_ECLOSED"},
    {MUON_EINVAL, 0, "MUON_EINVAL"},
    {MUON_ENOMEM, MUON_RETRYABLE, "MUON_ENOMEM"},
    {MUON_EUNAVAIL, MUON_RETRYABLE, "MUON_EUNAVAIL"},
    {MUON_ENOENT, 0, "MUON_ENOENT"},
    {MUON_ECONFLICT, 0, "MUON_ECONFLICT"},
    {MUON_EAUTH, 0, "MUON_EAUTH"},
    {MUON_EPERM, 0, "MUON_EPERM"},
    {MUON_ETOOBIG, 0, "MUON_ETOOBIG"},
    {MUON_EREMOTE, MUON_RETRYABLE, "MUON_EREMOTE"},
    {MUON_EPROTO, 0, "MUON_EPROTO"},
    {MUON_EFORKED, MUON_FATAL, "MUON_EFORKED"},
    {MUON_EUSER, 0, "MUON_EUSER"},
    {MUON_EEXIST, 0, "MUON_EEXIST"},
    {MUON_ECORRUPT, 0, "MUON_ECORRUPT"},
    {MUON_EWRONGSTORE, 0, "MUON_EWRONGSTORE"},
    {MUON_EINTERNAL, 0, "MUON_EINTERNAL"},
};

static const int32_t codes[REASON_COUNT] = {
    [REASON_INVALID_ARGUMENT] = MUON_EINVAL,
    [REASON_TOO_LARGE] = MUON_ETOOBIG,
    [REASON_WRONG_VERSION] = MUON_ECONFLICT,
    [REASON_EVENT_ID_REUSED] = MUON_EEXIST,
    [REASON_PARTIAL_DUPLICATE] = MUON_EEXIST,
    [REASON_NO_SUCH_EVENT] = MUON_ENOENT,
    [REASON_NO_SUCH_SERVICE] = MUON_ENOENT,
    [REASON_NO_SUCH_PATH] = MUON_ENOENT,
    [REASON_STORE_FULL] = MUON_EUNAVAIL,
    [REASON_STORE_UNAVAILABLE] = MUON_EUNAVAIL,
    [REASON_BUSY] = MUON_EUNAVAIL,
    [REASON_SHUTTING_DOWN] = MUON_EUNAVAIL,
    [REASON_DENIED] = MUON_EPERM,
    [REASON_RESPONDER_LOST] = MUON_EREMOTE,
    [REASON_CALLER_GONE] = MUON_ECANCELLED,
    [REASON_CORRUPT] = MUON_ECORRUPT,
    [REASON_WRONG_STORE] = MUON_EWRONGSTORE,
    [REASON_TIMED_OUT] = MUON_ETIMEDOUT,
    [REASON_WRONG_STATE] = MUON_EWRONGSTORE,
    [REASON_STREAM_TOMBSTONED] = MUON_EINVAL,
};

static size_t row(int32_t code)
{
    size_t i = 0;
    while (i < sizeof table / sizeof *table && table[i].code != code)
        i++;
    return i;
}

const char *muon_status_name(int32_t status)
{
    size_t i = row(status);
    return i < sizeof table / sizeof *table ? table[i].name : "MUON_?";
}

uint32_t muon_version(void)
{
    return MUON_VERSION;
}

int32_t status_fail(muon_error *err, int32_t code, const char *format, ...)
{
    if (!err)
        return code;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t i = row(code);
    *err = (muon_error){.code = code, .grpc_status = -1};
    err->flags = i < sizeof table / sizeof *table ? table[i].flags : 0;
    error_sentence(err->message, sizeof err->message, text_span(text));
    return code;
}

int32_t status_of_error(muon_error *err, const struct error *error)
{
    int32_t code = (unsigned)error->reason < REASON_COUNT ? codes[error->reason] : MUON_EPROTO;
    if (error->grpc_status == GRPC_UNAUTHENTICATED)
        code = MUON_EAUTH;
    if (!err)
        return code;
    *err = (muon_error){
        .code = code,
        .grpc_status = error->grpc_status,
        .retry_after_ms = error->retry_after_ms,
        .conflicts = error->wrong_versions,
        .reason = (int32_t)error->reason,
    };
    if (error->retryable)
        err->flags |= MUON_RETRYABLE;
    if (error->maybe_applied)
        err->flags |= MUON_MAYBE_APPLIED;
    if (error->wrong_versions)
        err->version = (int64_t)error->wrong_version[0].version;
    error_sentence(err->message, sizeof err->message, text_span(error->message));
    error_text(err->request_id, sizeof err->request_id, text_span(error->request_id));
    return code;
}

int32_t status_copy(muon_error *err, const muon_error *from)
{
    if (err)
        *err = *from;
    return from->code;
}
