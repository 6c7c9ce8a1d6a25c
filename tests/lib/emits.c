/*
 * emits.c - see emits.h.
 */
#include "tests/lib/emits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/text.h"

#define PHOTON "/muon.v1.PhotonService/"

struct bytes *emits_request(const char *stream, const char *id, size_t payload)
{
    static const uint8_t zero[1 << 20];
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("T"),
                          .event_id = text_span(id),
                          .payload = {zero, payload}};
    struct emit_request request = {.events = &event, .events_len = 1};
    return emit_request_encode(&request);
}

enum reason emits_send(struct inside *in, struct bytes *request, struct emit_response *out,
                       struct error *error)
{
    struct bytes *answer;
    enum reason reason = caller_ask(in->caller, PHOTON "Emit", request, &answer, error);
    if (reason == REASON_NONE && out)
        assert_int_equal(emit_response_decode(bytes_span(answer), out), REASON_NONE);
    bytes_unref(answer);
    return reason;
}

uint64_t emits_count(struct inside *in, const char *stream)
{
    struct subscribe_request request = {.stream_name = text_span(stream), .type = STREAM_COLD};
    struct caller_stream *s = caller_stream_open(in->caller, PHOTON "Subscribe");
    struct error error;
    caller_stream_send(s, subscribe_request_encode(&request), true);
    struct bytes *message;
    uint64_t events = 0;
    while ((message = caller_stream_read(s))) {
        struct span rest = bytes_span(message);
        struct part part;
        while (part_next(&rest, &part) == 1)
            events += part.kind == PART_EVENT;
        bytes_unref(message);
    }
    assert_int_equal(caller_stream_end(s, &error), REASON_NONE);
    caller_stream_free(s);
    return events;
}
