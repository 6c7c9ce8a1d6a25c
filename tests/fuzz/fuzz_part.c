/*
 * Fuzz the walks over replies: every step must get nearer to the end, and views must lie within the input.
 */
#include <assert.h>

#include "tests/fuzz/fuzz.h"
#include "wire/codec.h"

static void within(struct span view, const uint8_t *data, size_t len)
{
    assert(view.len == 0 || (view.data >= data && view.data + view.len <= data + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span rest = {data, len};
    struct part part;
    struct stream_info info;
    struct span response, error;
    uint64_t number;
    for (size_t before = len + 1; part_next(&rest, &part) > 0; before = rest.len) {
        assert(rest.len < before);
        within(part.event, data, len);
    }
    rest = (struct span){data, len};
    while (stream_info_next(&rest, &info) > 0)
        within(info.stream_name, data, len);
    rest = (struct span){data, len};
    while (emit_result_next(&rest, &number, &response, &error) > 0) {
        within(response, data, len);
        within(error, data, len);
    }
    return 0;
}
