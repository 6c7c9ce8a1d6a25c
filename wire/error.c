/*
 * error.c - one table for reasons: their names, their gRPC codes, and what a client may conclude
 * from each.
 */
#include "wire/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "muon/v1/error.pb-c.h"
#include "wire/text.h"

/* gRPC's status codes: https://grpc.io/docs/guides/status-codes/ */
enum {
    OK = 0,
    CANCELLED = 1,
    UNKNOWN = 2,
    INVALID_ARGUMENT = 3,
    DEADLINE_EXCEEDED = 4,
    NOT_FOUND = 5,
    ALREADY_EXISTS = 6,
    PERMISSION_DENIED = 7,
    RESOURCE_EXHAUSTED = 8,
    FAILED_PRECONDITION = 9,
    UNAVAILABLE = 14,
    DATA_LOSS = 15,
};

static const struct {
    const char *name;
    int grpc_status;
    bool retryable;     /* the same request may succeed later */
    bool maybe_applied; /* the outcome is unknown */
    bool ordinary;      /* no fault of anybody's */
} table[REASON_COUNT] = {
    [REASON_NONE] = {"REASON_NONE", OK, false, false, true},
    [REASON_INVALID_ARGUMENT] = {"REASON_INVALID_ARGUMENT", INVALID_ARGUMENT, false, false, false},
    [REASON_TOO_LARGE] = {"REASON_TOO_LARGE", RESOURCE_EXHAUSTED, false, false, false},
    [REASON_WRONG_VERSION] = {"REASON_WRONG_VERSION", FAILED_PRECONDITION, false, false, true},
    [REASON_EVENT_ID_REUSED] = {"REASON_EVENT_ID_REUSED", ALREADY_EXISTS, false, false, false},
    [REASON_PARTIAL_DUPLICATE] = {"REASON_PARTIAL_DUPLICATE", ALREADY_EXISTS, false, false, false},
    [REASON_NO_SUCH_EVENT] = {"REASON_NO_SUCH_EVENT", NOT_FOUND, false, false, true},
    [REASON_NO_SUCH_SERVICE] = {"REASON_NO_SUCH_SERVICE", NOT_FOUND, true, false, true},
    [REASON_NO_SUCH_PATH] = {"REASON_NO_SUCH_PATH", NOT_FOUND, false, false, false},
    [REASON_STORE_FULL] = {"REASON_STORE_FULL", RESOURCE_EXHAUSTED, true, false, false},
    [REASON_STORE_UNAVAILABLE] = {"REASON_STORE_UNAVAILABLE", UNAVAILABLE, true, true, false},
    [REASON_BUSY] = {"REASON_BUSY", RESOURCE_EXHAUSTED, true, false, true},
    [REASON_SHUTTING_DOWN] = {"REASON_SHUTTING_DOWN", UNAVAILABLE, true, false, true},
    [REASON_DENIED] = {"REASON_DENIED", PERMISSION_DENIED, false, false, false},
    [REASON_RESPONDER_LOST] = {"REASON_RESPONDER_LOST", UNAVAILABLE, true, true, false},
    [REASON_CALLER_GONE] = {"REASON_CALLER_GONE", CANCELLED, false, true, true},
    [REASON_CORRUPT] = {"REASON_CORRUPT", DATA_LOSS, false, false, false},
    [REASON_WRONG_STORE] = {"REASON_WRONG_STORE", FAILED_PRECONDITION, false, false, false},
    [REASON_TIMED_OUT] = {"REASON_TIMED_OUT", DEADLINE_EXCEEDED, true, true, true},
    [REASON_WRONG_STATE] = {"REASON_WRONG_STATE", FAILED_PRECONDITION, false, false, false},
    [REASON_STREAM_TOMBSTONED] = {"REASON_STREAM_TOMBSTONED", FAILED_PRECONDITION, false, false,
                                  false},
};

#define SAME(reason)                                                                               \
    static_assert((int)REASON_##reason == (int)MUON__V1__REASON__REASON_##reason, #reason)
SAME(INVALID_ARGUMENT);
SAME(TOO_LARGE);
SAME(WRONG_VERSION);
SAME(EVENT_ID_REUSED);
SAME(PARTIAL_DUPLICATE);
SAME(NO_SUCH_EVENT);
SAME(NO_SUCH_SERVICE);
SAME(NO_SUCH_PATH);
SAME(STORE_FULL);
SAME(STORE_UNAVAILABLE);
SAME(BUSY);
SAME(SHUTTING_DOWN);
SAME(DENIED);
SAME(RESPONDER_LOST);
SAME(CALLER_GONE);
SAME(CORRUPT);
SAME(WRONG_STORE);
SAME(TIMED_OUT);
SAME(WRONG_STATE);
SAME(STREAM_TOMBSTONED);

void error_text(char *out, size_t size, struct span text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len < text.len) /* do not cut a character in two */
        while (len > 0 && (text.data[len] & 0xc0) == 0x80)
            len--;
    bool clean = text_is_utf8((struct span){text.data, len});
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = text.data[i];
        bool keep = byte >= 0x20 && byte != 0x7f && (clean || byte < 0x80);
        out[i] = keep ? (char)byte : '?';
    }
    out[len] = '\0';
}

void error_sentence(char *out, size_t size, struct span text)
{
    enum { WORD_MAX = 24 }; /* a longer one is cut: names and paths are what one wants to see of */
    static const char more[] = " …";
    assert(size > sizeof more);
    if (text.len < size) {
        error_text(out, size, text);
        return;
    }
    error_text(out, size - (sizeof more - 1), text);
    char *end = out + strlen(out), *space = strrchr(out, ' ');
    strcpy(space && end - space <= WORD_MAX ? space : end, more);
}

enum reason error_set(struct error *e, enum reason reason, const char *format, ...)
{
    assert(reason > REASON_NONE && reason < REASON_COUNT);
    if (!e)
        return reason;
    char text[2 * sizeof e->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memset(e, 0, sizeof *e);
    e->reason = reason;
    e->grpc_status = table[reason].grpc_status;
    e->retryable = table[reason].retryable;
    e->maybe_applied = table[reason].maybe_applied;
    error_sentence(e->message, sizeof e->message, text_span(text));
    return reason;
}

const char *reason_name(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? table[reason].name : "REASON_UNSPECIFIED";
}

bool reason_is_ordinary(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT && table[reason].ordinary;
}

int reason_grpc_status(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? table[reason].grpc_status : UNKNOWN;
}

const char *grpc_status_name(int status)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    return status >= 0 && (size_t)status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}
