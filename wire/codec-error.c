/*
 * codec-error.c - errors: muon.v1.Error, and how one travels with a gRPC status, as
 * google.rpc.Status with one Any in it.
 */
#include "wire/codec-error.h"

#include <stdio.h>
#include <string.h>

#include "google/protobuf/any.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "muon/v1/error.pb-c.h"
#include "wire/proto.h"
#include "wire/text.h"

enum { DETAILS_BYTES_MAX = 3500 };
#define ERROR_TYPE "type.googleapis.com/muon.v1.Error"

/* ---- encoded ---- */

/* One WrongVersion with the Expect in it, as generated structs. */
struct wrong {
    Muon__V1__WrongVersion message;
    Muon__V1__Expect expected;
};

static void wrong_fill(struct wrong *out, const struct wrong_version *wrong)
{
    muon__v1__wrong_version__init(&out->message);
    muon__v1__expect__init(&out->expected);
    out->expected.stream_name = (char *)wrong->stream_name;
    out->expected.kind_case = (Muon__V1__Expect__KindCase)wrong->kind;
    if (wrong->kind == EXPECT_VERSION)
        out->expected.version = wrong->expected;
    else if (wrong->kind == EXPECT_NO_STREAM)
        out->expected.no_stream = 1;
    else if (wrong->kind == EXPECT_EXISTS)
        out->expected.exists = 1;
    out->message.expected = &out->expected;
    out->message.version = wrong->version;
    out->message.exists = wrong->exists;
}

/* With at most so many of the expectations that failed. */
static struct bytes *encode(const struct error *error, size_t wrongs_max)
{
    struct wrong wrong[WRONG_VERSIONS_MAX];
    Muon__V1__WrongVersion *list[WRONG_VERSIONS_MAX];
    Muon__V1__Error message = MUON__V1__ERROR__INIT;
    size_t wrongs = error->wrong_versions;
    if (wrongs > wrongs_max)
        wrongs = wrongs_max;
    for (size_t i = 0; i < wrongs; i++) {
        wrong_fill(&wrong[i], &error->wrong_version[i]);
        list[i] = &wrong[i].message;
    }
    message.reason = (Muon__V1__Reason)error->reason;
    message.message = (char *)error->message;
    message.retryable = error->retryable;
    message.maybe_applied = error->maybe_applied;
    message.n_wrong_version = wrongs;
    message.wrong_version = list;
    message.wrong_versions = error->wrong_versions;
    message.field = (char *)error->field;
    message.event_index = error->event_index;
    message.limit = error->limit;
    message.retry_after_ms = error->retry_after_ms;
    message.request_id = (char *)error->request_id;
    return proto_pack(&message);
}

struct bytes *error_encode(const struct error *error)
{
    return encode(error, WRONG_VERSIONS_MAX);
}

/* As many expectations as fit: a stock client takes 8 KiB of metadata, in which this travels in base64. */
static struct bytes *encode_fitting(const struct error *error)
{
    struct bytes *b = encode(error, WRONG_VERSIONS_MAX);
    for (size_t wrongs = WRONG_VERSIONS_MAX; b && b->len > DETAILS_BYTES_MAX && wrongs > 0;) {
        bytes_unref(b);
        b = encode(error, --wrongs);
    }
    return b;
}

struct bytes *error_status_encode(const struct error *error)
{
    struct bytes *encoded = encode_fitting(error);
    if (!encoded)
        return NULL;
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = (char *)ERROR_TYPE;
    any.value = (ProtobufCBinaryData){encoded->len, encoded->data};
    Google__Protobuf__Any *details[] = {&any};
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = error->grpc_status;
    status.message = (char *)error->message;
    status.n_details = 1;
    status.details = details;
    struct bytes *b = proto_pack(&status);
    bytes_unref(encoded);
    return b;
}

/* ---- decoded ---- */

static void wrong_read(const Muon__V1__WrongVersion *message, struct wrong_version *out)
{
    out->version = message->version;
    out->exists = message->exists;
    if (!message->expected)
        return;
    error_text(out->stream_name, sizeof out->stream_name,
               text_span(message->expected->stream_name));
    out->kind = (enum expect_kind)message->expected->kind_case;
    if (out->kind == EXPECT_VERSION)
        out->expected = message->expected->version;
}

enum reason error_decode(struct span raw, struct error *out)
{
    Muon__V1__Error *message = proto_unpack(&muon__v1__error__descriptor, raw);
    if (!message)
        return REASON_INVALID_ARGUMENT;
    bool known = message->reason > 0 && (int)message->reason < REASON_COUNT;
    if (!known) { /* a newer peer: its reason is of no use, its text is */
        proto_free(message);
        return REASON_INVALID_ARGUMENT;
    }
    memset(out, 0, sizeof *out);
    out->reason = (enum reason)message->reason;
    out->grpc_status = reason_grpc_status(out->reason);
    error_text(out->message, sizeof out->message, text_span(message->message));
    out->retryable = message->retryable;
    out->maybe_applied = message->maybe_applied;
    error_text(out->field, sizeof out->field, text_span(message->field));
    out->event_index = message->event_index;
    out->limit = message->limit;
    out->retry_after_ms = message->retry_after_ms;
    error_text(out->request_id, sizeof out->request_id, text_span(message->request_id));
    out->wrong_versions = message->wrong_versions;
    for (size_t i = 0; i < message->n_wrong_version && i < WRONG_VERSIONS_MAX; i++)
        wrong_read(message->wrong_version[i], &out->wrong_version[i]);
    proto_free(message);
    return REASON_NONE;
}

/* The Error among the details of a google.rpc.Status. */
static bool details_decode(struct span raw, struct error *out)
{
    Google__Rpc__Status *status =
        raw.len ? proto_unpack(&google__rpc__status__descriptor, raw) : NULL;
    bool found = false;
    for (size_t i = 0; status && i < status->n_details && !found; i++) {
        const Google__Protobuf__Any *any = status->details[i];
        struct span value = {any->value.data, any->value.len};
        if (strcmp(any->type_url, ERROR_TYPE) == 0)
            found = error_decode(value, out) == REASON_NONE;
    }
    proto_free(status);
    return found;
}

/* What gRPC's own codes come to, and those of a peer that knows nothing of ours. */
static enum reason reason_of_status(int grpc_status, struct span text)
{
    static const enum reason reasons[] = {
        [1] = REASON_CALLER_GONE,        /* CANCELLED */
        [2] = REASON_STORE_UNAVAILABLE,  /* UNKNOWN */
        [3] = REASON_INVALID_ARGUMENT,   /* INVALID_ARGUMENT */
        [4] = REASON_TIMED_OUT,          /* DEADLINE_EXCEEDED */
        [5] = REASON_NO_SUCH_PATH,       /* NOT_FOUND */
        [6] = REASON_EVENT_ID_REUSED,    /* ALREADY_EXISTS */
        [7] = REASON_DENIED,             /* PERMISSION_DENIED */
        [8] = REASON_BUSY,               /* RESOURCE_EXHAUSTED */
        [9] = REASON_INVALID_ARGUMENT,   /* FAILED_PRECONDITION */
        [10] = REASON_BUSY,              /* ABORTED */
        [11] = REASON_INVALID_ARGUMENT,  /* OUT_OF_RANGE */
        [12] = REASON_NO_SUCH_PATH,      /* UNIMPLEMENTED */
        [13] = REASON_STORE_UNAVAILABLE, /* INTERNAL */
        [14] = REASON_STORE_UNAVAILABLE, /* UNAVAILABLE */
        [15] = REASON_CORRUPT,           /* DATA_LOSS */
        [16] = REASON_DENIED,            /* UNAUTHENTICATED */
    };
    static const char too_large[] = "larger than max";
    if (grpc_status == 8 && text.len &&
        memmem(text.data, text.len, too_large, sizeof too_large - 1))
        return REASON_TOO_LARGE; /* gRPC's receive limit */
    if (grpc_status < 1 || (size_t)grpc_status >= sizeof reasons / sizeof *reasons)
        return REASON_STORE_UNAVAILABLE;
    return reasons[grpc_status];
}

void error_from_status(int grpc_status, struct span text, struct span details, struct error *out)
{
    if (grpc_status == 0) {
        memset(out, 0, sizeof *out);
        return;
    }
    if (!details_decode(details, out)) {
        char clean[sizeof out->message];
        error_text(clean, sizeof clean, text);
        error_set(out, reason_of_status(grpc_status, text), "%s: %s", grpc_status_name(grpc_status),
                  clean[0] ? clean : "the peer gave no reason");
    }
    out->grpc_status = grpc_status;
}
