/*
 * error.h - a failure, in the terms of the contract (protos/muon/v1/error.proto), without generated code.
 *
 * Enumerators have the numbers of muon.v1.Reason; a static assertion in error.c compares them.
 */
#ifndef MUON_WIRE_ERROR_H
#define MUON_WIRE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/bytes.h"

enum reason {
    REASON_NONE = 0, /* no failure */
    REASON_INVALID_ARGUMENT = 1,
    REASON_TOO_LARGE = 2,
    REASON_WRONG_VERSION = 3,
    REASON_EVENT_ID_REUSED = 4,
    REASON_PARTIAL_DUPLICATE = 5,
    REASON_NO_SUCH_EVENT = 6,
    REASON_NO_SUCH_SERVICE = 7,
    REASON_NO_SUCH_PATH = 8,
    REASON_STORE_FULL = 9,
    REASON_STORE_UNAVAILABLE = 10,
    REASON_BUSY = 11,
    REASON_SHUTTING_DOWN = 12,
    REASON_DENIED = 13,
    REASON_RESPONDER_LOST = 14,
    REASON_CALLER_GONE = 15,
    REASON_CORRUPT = 16,
    REASON_WRONG_STORE = 17,
    REASON_TIMED_OUT = 18,
    REASON_WRONG_STATE = 19,
    REASON_STREAM_TOMBSTONED = 20,
    REASON_COUNT
};

enum { NAME_BYTES_MAX = 255, WRONG_VERSIONS_MAX = 16, REQUEST_ID_BYTES = 24 };

enum expect_kind { EXPECT_NONE = 0, EXPECT_VERSION = 2, EXPECT_NO_STREAM = 3, EXPECT_EXISTS = 4 };

struct wrong_version {
    char stream_name[NAME_BYTES_MAX + 1];
    enum expect_kind kind;
    uint64_t expected; /* EXPECT_VERSION */
    uint64_t version;  /* in fact */
    bool exists;       /* in fact */
};

/* About 5 KB: pass by pointer. All-zero is "no failure". */
struct error {
    enum reason reason;
    int grpc_status;   /* from the peer; when made here: the reason's own code */
    char message[512]; /* one sentence, UTF-8, cut, with "…" at its end, if too long */
    bool retryable;
    bool maybe_applied;
    char field[64]; /* "" = none */
    uint32_t event_index;
    uint64_t limit;
    uint32_t retry_after_ms;
    char request_id[REQUEST_ID_BYTES]; /* serve.h gives it; "" = none */
    uint32_t wrong_versions; /* in all; the first WRONG_VERSIONS_MAX are in wrong_version */
    struct wrong_version wrong_version[WRONG_VERSIONS_MAX];
};

/* Start a failure: sets the reason, its gRPC code and its usual flags, and the message; everything else is zero. e may be NULL.
 * Returns the reason, so that "return error_set(…)" reads well. */
enum reason error_set(struct error *e, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A text from outside as a C string of at most size - 1 bytes: cut at a character's border; what is not UTF-8 or a control
 * character becomes '?'. */
void error_text(char *out, size_t size, struct span text);

/* The same of a sentence, which ends with " …" where it is cut: behind a word, unless that is a long one. */
void error_sentence(char *out, size_t size, struct span text);

/* "REASON_BUSY"; static. */
const char *reason_name(enum reason reason);
/* A client that does everything right meets it, too: nothing that an operator is asked about. */
bool reason_is_ordinary(enum reason reason);
/* The gRPC status code of a reason. */
int reason_grpc_status(enum reason reason);
/* "UNAVAILABLE"; static. */
const char *grpc_status_name(int status);

#endif
