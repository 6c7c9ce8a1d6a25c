/*
 * Fuzz every call of a whole photond in this process, over the network, as a client of any other make would: the first byte says which
 * call, the next how many messages the rest is. Each call must end, in terms of the contract, and an honest one beside it must succeed.
 */
#include <assert.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/inside.h"
#include "wire/codec.h"

enum { MESSAGES_MAX = 4 };
enum shape {
    ENDS,     /* by itself, once the client has said all */
    GOES_ON,  /* for as long as the client likes */
    ONE_ASKED /* one message, one answer */
};

static const struct {
    const char *path;
    enum shape shape;
} calls[] = {
    {"/muon.v1.PhotonService/Info", ONE_ASKED},
    {"/muon.v1.PhotonService/Emit", ONE_ASKED},
    {"/muon.v1.PhotonService/EmitStream", ENDS},
    {"/muon.v1.PhotonService/Subscribe", GOES_ON},
    {"/muon.v1.PhotonService/Read", ENDS},
    {"/muon.v1.PhotonService/GetEvent", ONE_ASKED},
    {"/muon.v1.PhotonService/ListStreams", ENDS},
    {"/muon.v1.PhotonService/DeleteStream", ONE_ASKED},
    {"/muon.v1.BusService/Request", ONE_ASKED},
    {"/muon.v1.BusService/Stream", GOES_ON},
    {"/muon.v1.BusService/Connect", ENDS},
    {"/muon.v1.BusService/Discover", GOES_ON},
    {"/muon.v1.BusService/Introspect", ONE_ASKED},
    {"/grpc.health.v1.Health/Check", ONE_ASKED},
    {"/grpc.health.v1.Health/Watch", GOES_ON},
    {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ENDS},
    {"/muon.v1.AdminService/SetLogLevel", ONE_ASKED}, /* denied: this is no administrator */
    {"/muon.v1.AdminService/Stats", ENDS},
};

static struct inside *inside; /* as long as the process */

static void stop(void)
{
    inside_stop(inside);
}

static void end(struct caller_stream *stream, enum shape shape)
{
    struct error error;
    struct bytes *answer;
    if (shape == GOES_ON)
        caller_stream_cancel(stream);
    while ((answer = caller_stream_read(stream)))
        bytes_unref(answer);
    if (caller_stream_end(stream, &error) != REASON_NONE)
        assert(error.message[0]);
    caller_stream_free(stream);
}

static void honest(void)
{
    struct bytes *answer;
    struct error error;
    struct info info;
    enum reason reason = caller_ask(inside->caller, calls[0].path, bytes_new(0), &answer, &error);
    assert(reason == REASON_NONE && info_response_decode(bytes_span(answer), &info) == reason);
    bytes_unref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct feed feed = {data, len};
    size_t which = feed_byte(&feed) % (sizeof calls / sizeof calls[0]);
    size_t messages = calls[which].shape == ENDS ? 1 + feed_byte(&feed) % MESSAGES_MAX : 1;
    if (!inside) {
        inside = inside_start();
        atexit(stop);
    }
    struct caller_stream *stream = caller_stream_open(inside->caller, calls[which].path);
    for (size_t i = 0; i < messages; i++) {
        size_t part = i + 1 < messages ? feed.len / (messages - i) : feed.len;
        bool sent = caller_stream_send(stream, bytes_copy(feed.at, part), i + 1 == messages);
        feed.at += part;
        feed.len -= part;
        if (!sent) /* it was ended before all was said */
            break;
    }
    end(stream, calls[which].shape);
    honest();
    return 0;
}
