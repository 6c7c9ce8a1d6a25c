/*
 * Fuzz the readers of Event. What the strict one lets through, the tolerant one must read alike, and writing it must give the same
 * fields again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "wire/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span raw = {data, len};
    struct event strict, tolerant, again;
    struct error error;
    event_peek(raw, &tolerant);
    bool readable = event_read(raw, &tolerant);
    if (event_check(raw, 1 << 16, 0, &strict, &error) != REASON_NONE) {
        assert(error.message[0] && error.field[0]);
        return 0;
    }
    assert(readable && memcmp(&strict, &tolerant, sizeof strict) == 0);
    size_t size = event_size(&strict);
    uint8_t *out = malloc(size);
    assert(event_put(out, &strict) == out + size);
    assert(event_check((struct span){out, size}, 1 << 16, 0, &again, NULL) == REASON_NONE);
    assert(event_size(&again) == size);
    free(out);
    return 0;
}
