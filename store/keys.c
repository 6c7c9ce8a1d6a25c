/*
 * keys.c - keys and index values. Readers check every length: an index value is protected by
 * LevelDB's checksums only.
 */
#include "store/keys.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

#include "store/little.h"
#include "wire/pb.h"

enum { UUID_TEXT = 36, UUID_BYTES = 16, NAME_MAX_BYTES = 255, EXTENT_HEADER = 8, RUN_MAX = 5 + 5 };
enum { TOMBSTONE = 1, POLICY = 2 }; /* bits */

enum { RECORD = 'r' }; /* greater than all other kinds */

static struct key key_number(uint8_t kind, uint64_t number)
{
    struct key key = {.len = 9};
    key.data[0] = kind;
    big_put64(key.data + 1, number);
    return key;
}

static struct key key_text(uint8_t kind, struct span text)
{
    assert(text.len > 0 && text.len <= NAME_MAX_BYTES);
    struct key key = {.len = 1 + text.len};
    key.data[0] = kind;
    memcpy(key.data + 1, text.data, text.len);
    return key;
}

static bool key_number_read(uint8_t kind, struct span key, uint64_t *number)
{
    if (key.len != 9 || key.data[0] != kind)
        return false;
    *number = big_get64(key.data + 1);
    return true;
}

struct key key_meta(const char *name)
{
    return key_text('M', (struct span){(const uint8_t *)name, strlen(name)});
}

struct key key_record(uint64_t order_id)
{
    return key_number(RECORD, order_id);
}

struct key key_erase(uint64_t order_id)
{
    return key_number('E', order_id);
}

uint64_t key_hash(struct span key)
{
    return XXH3_64bits(key.data, key.len);
}

bool key_is_behind(const struct key *key, const struct key *other)
{
    size_t common = key->len < other->len ? key->len : other->len;
    int order = memcmp(key->data, other->data, common);
    return order > 0 || (order == 0 && key->len > other->len);
}

struct key key_policy(struct span pattern)
{
    return key_text('P', pattern);
}

bool key_policy_read(struct span key, struct span *pattern)
{
    if (key.len < 2 || key.len > 1 + NAME_MAX_BYTES || key.data[0] != 'P')
        return false;
    *pattern = (struct span){key.data + 1, key.len - 1};
    return true;
}

bool key_record_read(struct span key, uint64_t *order_id)
{
    return key_number_read(RECORD, key, order_id);
}

bool key_erase_read(struct span key, uint64_t *order_id)
{
    return key_number_read('E', key, order_id);
}

struct key key_extent(struct span stream, uint64_t version)
{
    struct key key = key_text('S', stream);
    key.data[key.len] = 0;
    big_put64(key.data + key.len + 1, version);
    key.len += 9;
    return key;
}

struct key key_streams(struct span prefix)
{
    struct key key = {.data = {'S'}, .len = 1};
    return prefix.len ? key_text('S', prefix) : key;
}

/* The next byte after the 0x00 that ends the name: no name goes on with it. */
struct key key_stream_end(struct span stream)
{
    struct key key = key_text('S', stream);
    key.data[key.len++] = 1;
    return key;
}

bool key_extent_read(struct span key, struct span *stream, uint64_t *version)
{
    if (key.len < 1 + 1 + 9 || key.len > KEY_BYTES_MAX || key.data[0] != 'S' ||
        key.data[key.len - 9] != 0)
        return false;
    *stream = (struct span){key.data + 1, key.len - 1 - 9};
    *version = big_get64(key.data + key.len - 8);
    return memchr(stream->data, 0, stream->len) == NULL;
}

/* ---- event ids ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower-case canonical text only: anything else would not come back as it was given. */
static bool uuid_read(struct span text, uint8_t out[UUID_BYTES])
{
    if (text.len != UUID_TEXT)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < UUID_TEXT; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.data[i] != '-')
                return false;
            continue;
        }
        int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[n++] = (uint8_t)(high << 4 | low);
        i++;
    }
    return true;
}

static bool uuid_is_7(const uint8_t uuid[UUID_BYTES])
{
    return uuid[6] >> 4 == 7 && uuid[8] >> 6 == 2;
}

bool key_uuid7(struct span event_id, uint8_t out[16])
{
    uint8_t uuid[UUID_BYTES];
    if (!uuid_read(event_id, uuid) || !uuid_is_7(uuid))
        return false;
    memcpy(out, uuid, sizeof uuid);
    return true;
}

struct key key_event_id(struct span event_id)
{
    uint8_t uuid[UUID_BYTES];
    if (!uuid_read(event_id, uuid))
        return key_text(KEY_ID_TEXT, event_id);
    return key_text(uuid_is_7(uuid) ? KEY_ID_UUID7 : KEY_ID_UUID, (struct span){uuid, sizeof uuid});
}

bool key_is_event_id(struct span key)
{
    if (key.len < 2)
        return false;
    if (key.data[0] == KEY_ID_TEXT)
        return key.len <= 1 + NAME_MAX_BYTES;
    return (key.data[0] == KEY_ID_UUID7 || key.data[0] == KEY_ID_UUID) && key.len == 1 + UUID_BYTES;
}

size_t key_event_id_text(struct span key, char out[EVENT_ID_BYTES_MAX])
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    if (key.data[0] == KEY_ID_TEXT) {
        memcpy(out, key.data + 1, key.len - 1);
        return key.len - 1;
    }
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[len++] = '-';
        out[len++] = digits[key.data[1 + i] >> 4];
        out[len++] = digits[key.data[1 + i] & 15];
    }
    return len;
}

/* ---- extent ---- */

size_t extent_size_max(size_t runs)
{
    return EXTENT_HEADER + runs * RUN_MAX;
}

size_t extent_encode(uint8_t *out, uint64_t record, const struct extent_run *runs, size_t n)
{
    assert(n > 0);
    little_put64(out, record);
    uint8_t *at = out + EXTENT_HEADER;
    uint32_t end = 0;
    for (size_t i = 0; i < n; i++) {
        assert(runs[i].count > 0 && runs[i].ordinal >= end);
        uint64_t gap = runs[i].ordinal - end;
        at = pb_put_varint(at, gap << 1 | (runs[i].count > 1));
        if (runs[i].count > 1)
            at = pb_put_varint(at, runs[i].count);
        end = runs[i].ordinal + runs[i].count;
    }
    return (size_t)(at - out);
}

bool extent_decode(struct span value, struct extent *extent)
{
    if (value.len <= EXTENT_HEADER)
        return false;
    extent->record = little_get64(value.data);
    extent->rest = (struct span){value.data + EXTENT_HEADER, value.len - EXTENT_HEADER};
    extent->end = 0;
    return true;
}

bool extent_next(struct extent *extent, struct extent_run *run, bool *fault)
{
    if (extent->rest.len == 0)
        return false;
    uint32_t gap, count = 1;
    bool ok =
        little_varint(&extent->rest, &gap) && (!(gap & 1) || little_varint(&extent->rest, &count));
    uint64_t ordinal = (uint64_t)extent->end + (gap >> 1), end = ordinal + count;
    if (!ok || count == 0 || end > EXTENT_RUNS_MAX) {
        *fault = true;
        return false;
    }
    *run = (struct extent_run){(uint32_t)ordinal, count};
    extent->end = (uint32_t)end;
    return true;
}

/* ---- cut, policy, event id entry ---- */

size_t cut_encode(uint8_t out[CUT_BYTES_MAX], const struct cut *cut)
{
    little_put64(out, cut->version);
    little_put64(out + 8, cut->order_id);
    little_put64(out + 16, cut->deletion);
    out[CUT_BYTES] = (uint8_t)((cut->tombstone ? TOMBSTONE : 0) | (cut->policy ? POLICY : 0));
    return out[CUT_BYTES] ? CUT_BYTES_MAX : CUT_BYTES;
}

bool cut_decode(struct span value, struct cut *cut)
{
    uint8_t flags = value.len == CUT_BYTES_MAX ? value.data[CUT_BYTES] : 0;
    if (flags > (TOMBSTONE | POLICY) || (value.len != CUT_BYTES && flags == 0))
        return false;
    *cut = (struct cut){little_get64(value.data), little_get64(value.data + 8),
                        little_get64(value.data + 16), flags & TOMBSTONE, flags & POLICY};
    return true;
}

void policy_encode(uint8_t out[POLICY_BYTES], const struct policy *policy)
{
    little_put64(out, policy->max_age_ms);
    little_put64(out + 8, policy->max_count);
    little_put64(out + 16, policy->order_id);
}

bool policy_decode(struct span value, struct policy *policy)
{
    if (value.len != POLICY_BYTES)
        return false;
    *policy = (struct policy){little_get64(value.data), little_get64(value.data + 8),
                              little_get64(value.data + 16)};
    return true;
}

void id_entry_encode(uint8_t out[ID_ENTRY_BYTES], const struct id_entry *entry)
{
    little_put64(out, entry->order_id);
    little_put64(out + 8, entry->version);
    little_put64(out + 16, (uint64_t)entry->time_ms);
    memcpy(out + 24, entry->digest, sizeof entry->digest);
}

bool id_entry_decode(struct span value, struct id_entry *entry)
{
    if (value.len != ID_ENTRY_BYTES)
        return false;
    entry->order_id = little_get64(value.data);
    entry->version = little_get64(value.data + 8);
    entry->time_ms = (int64_t)little_get64(value.data + 16);
    memcpy(entry->digest, value.data + 24, sizeof entry->digest);
    return true;
}
