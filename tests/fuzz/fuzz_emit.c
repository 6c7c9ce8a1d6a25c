/*
 * Fuzz batches: what is let through must survive being written and read again.
 */
#include <assert.h>

#include "tests/fuzz/fuzz.h"
#include "wire/codec.h"

static const struct limits limits = {1 << 14, 1 << 16, 100, 255};

static void batch(struct span raw)
{
    struct emit_request request, again;
    struct error error;
    if (emit_request_decode(raw, &limits, &request, &error) != REASON_NONE) {
        assert(error.message[0]);
        return;
    }
    struct bytes *b = emit_request_encode(&request);
    assert(emit_request_decode(bytes_span(b), &limits, &again, NULL) == REASON_NONE);
    assert(again.events_len == request.events_len && again.expects_len == request.expects_len);
    emit_request_fini(&again);
    emit_request_fini(&request);
    bytes_unref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span rest = {data, len}, request;
    uint64_t number;
    batch(rest);
    while (emit_stream_next(&rest, &number, &request) > 0)
        batch(request);
    return 0;
}
