/*
 * Fuzz LevelDB's MANIFEST: as it is, and as any bytes in parts that are sound (only then are they looked at). What comes of it must be
 * in order, and the same however the changes are split into parts.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/little.h"
#include "store/logwalk.h"
#include "store/manifest.h"
#include "tests/fuzz/fuzz.h"

static void check(const uint8_t *data, size_t len)
{
    struct manifest_files files;
    enum manifest_state state = manifest_read(data, len, &files);
    if (state != MANIFEST_WHOLE && state != MANIFEST_TORN)
        return;
    assert(files.whole <= len && (state == MANIFEST_WHOLE) == (files.whole == len));
    for (size_t i = 1; i < files.tables_len; i++)
        assert(files.tables[i - 1] < files.tables[i]);
    manifest_files_free(&files);
}

static uint32_t sum(const uint8_t *data, size_t len)
{
    uint32_t value = 0xffffffff;
    for (size_t i = 0; i < len; i++) {
        value ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0x82f63b78 : value >> 1;
    }
    value = ~value;
    return (value >> 15 | value << 17) + 0xa282ead8;
}

static size_t put_part(uint8_t *at, enum logwalk_part part, const uint8_t *data, size_t len)
{
    at[4] = (uint8_t)len;
    at[5] = (uint8_t)(len >> 8);
    at[6] = (uint8_t)part;
    if (len > 0)
        memcpy(at + LOGWALK_HEADER_BYTES, data, len);
    little_put32(at, sum(at + 6, len + 1));
    return LOGWALK_HEADER_BYTES + len;
}

/* One change: as one part, and as two. */
static void check_change(const uint8_t *data, size_t len)
{
    struct manifest_files one, two;
    if (len > LOGWALK_BLOCK_BYTES / 2)
        return;
    uint8_t *file = malloc(len + 2 * LOGWALK_HEADER_BYTES);
    enum manifest_state state = manifest_read(file, put_part(file, LOGWALK_FULL, data, len), &one);
    size_t first = put_part(file, LOGWALK_FIRST, data, len / 2);
    size_t all = first + put_part(file + first, LOGWALK_LAST, data + len / 2, len - len / 2);
    enum manifest_state same = manifest_read(file, all, &two);
    assert(state == same && state != MANIFEST_TORN && state != MANIFEST_DAMAGED);
    if (state == MANIFEST_WHOLE) {
        assert(one.log_number == two.log_number);
        assert(one.tables_len == two.tables_len);
        assert(memcmp(one.tables, two.tables, one.tables_len * sizeof *one.tables) == 0);
        manifest_files_free(&one);
        manifest_files_free(&two);
    }
    check(file, all - 1);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check(data, len);
    check_change(data, len);
    return 0;
}
