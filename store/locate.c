/*
 * locate.c - bisection over what is ordered: a stream's extents by order id, the records by time.
 */
#include "store/locate.h"

#include <inttypes.h>

#include "wire/text.h"

static enum reason unavailable(struct error *error)
{
    return error_set(error, REASON_STORE_UNAVAILABLE, "the store cannot be read now: try again");
}

/* ---- extents ---- */

static int malformed(struct error *error, struct span stream, uint64_t version)
{
    error_set(error, REASON_CORRUPT,
              "the index of stream \"%.*s\" is malformed at version %" PRIu64
              "; run photond verify",
              (int)stream.len, (const char *)stream.data, version);
    return -1;
}

/* The stream's extent under the iterator. */
static int here(struct log_iter *iter, struct span stream, struct located *at, struct error *error)
{
    struct span name;
    if (!log_iter_valid(iter))
        return log_iter_fault(iter, error) ? -1 : 0;
    if (!key_extent_read(log_iter_key(iter), &name, &at->version) || at->version == 0 ||
        !text_equal(name, stream))
        return 0;
    if (!extent_decode(log_iter_value(iter), &at->extent))
        return malformed(error, stream, at->version);
    struct extent walk = at->extent;
    struct extent_run run;
    bool fault = false;
    uint64_t count = 0;
    while (extent_next(&walk, &run, &fault))
        count += run.count;
    if (fault || count == 0)
        return malformed(error, stream, at->version);
    at->last_version = at->version + count - 1;
    return 1;
}

int locate_next(struct log_iter *iter, struct span stream, struct located *at, struct error *error)
{
    log_iter_next(iter);
    return here(iter, stream, at, error);
}

int locate_prev(struct log_iter *iter, struct span stream, struct located *at, struct error *error)
{
    log_iter_prev(iter);
    return here(iter, stream, at, error);
}

int locate_before(struct log_iter *iter, struct span stream, uint64_t version, struct located *at,
                  struct error *error)
{
    struct key behind = key_extent(stream, version == UINT64_MAX ? version : version + 1);
    log_iter_seek_before(iter, key_span(&behind));
    return here(iter, stream, at, error);
}

/* Whoever reads on stands where an extent begins, so that is looked for first: going back costs a look into more blocks, each of which
 * LevelDB verifies anew. */
int locate_find(struct log_iter *iter, struct span stream, uint64_t version, struct located *at,
                struct error *error)
{
    struct key key = key_extent(stream, version ? version : 1);
    log_iter_seek(iter, key_span(&key));
    int after = here(iter, stream, at, error);
    if (version <= 1 || (after == 1 && at->version == version))
        return after;
    int found = locate_before(iter, stream, version, at, error);
    if (found == -1 || (found == 1 && at->last_version >= version))
        return found;
    log_iter_seek(iter, key_span(&key));
    return here(iter, stream, at, error);
}

uint64_t locate_order_id(const struct located *at, uint64_t version)
{
    struct extent walk = at->extent;
    struct extent_run run;
    bool fault = false;
    uint64_t skip = version - at->version;
    while (extent_next(&walk, &run, &fault)) {
        if (skip < run.count)
            return walk.record + run.ordinal + skip;
        skip -= run.count;
    }
    return 0;
}

/* The first version within the extent whose order id is not smaller; one more than its last if there is none. */
static uint64_t version_within(const struct located *at, uint64_t order_id)
{
    struct extent walk = at->extent;
    struct extent_run run;
    bool fault = false;
    uint64_t version = at->version;
    while (extent_next(&walk, &run, &fault)) {
        uint64_t begin = walk.record + run.ordinal;
        if (order_id <= begin)
            return version;
        if (order_id < begin + run.count)
            return version + (order_id - begin);
        version += run.count;
    }
    return version;
}

/* All versions below low have smaller order ids; version high has not, or there is none. */
static int bisect(struct log_iter *iter, struct span stream, uint64_t order_id, uint64_t *version,
                  struct error *error)
{
    struct located at;
    int found = locate_before(iter, stream, UINT64_MAX, &at, error);
    uint64_t low = 1, high = found == 1 ? at.last_version + 1 : 1;
    while (found == 1 && low < high) {
        uint64_t middle = low + (high - low) / 2;
        found = locate_find(iter, stream, middle, &at, error);
        if (found == 1 && at.extent.record >= order_id)
            high = at.version < middle ? at.version : middle;
        else if (found == 1 && (low = version_within(&at, order_id)) <= at.last_version)
            high = low;
    }
    *version = low;
    return found;
}

enum reason locate_version(struct log *log, struct span stream, uint64_t order_id,
                           uint64_t *version, struct error *error)
{
    struct log_iter *iter = log_iter_open(log, LOG_READ);
    if (!iter)
        return unavailable(error);
    int found = bisect(iter, stream, order_id, version, error);
    log_iter_close(iter);
    return found == -1 ? error->reason : REASON_NONE;
}

enum reason locate_cut(struct log *log, struct span stream, struct cut *cut, struct error *error)
{
    struct key key = key_extent(stream, 0);
    struct bytes *value;
    *cut = (struct cut){0};
    enum reason reason = log_get(log, key_span(&key), &value, error);
    if (reason || !value)
        return reason;
    bool decoded = cut_decode(bytes_span(value), cut);
    bytes_unref(value);
    if (!decoded)
        malformed(error, stream, 0);
    return decoded ? REASON_NONE : REASON_CORRUPT;
}

/* ---- time ---- */

/* Stand on the last record that begins at order_id or before, or else on the first of all; *first: where it begins. */
static bool stand(struct log_iter *iter, uint64_t order_id, uint64_t *first)
{
    struct key key = key_record(order_id + 1);
    log_iter_seek_before(iter, key_span(&key));
    if (log_iter_valid(iter) && key_record_read(log_iter_key(iter), first))
        return true;
    key = key_record(0);
    log_iter_seek(iter, key_span(&key));
    return log_iter_valid(iter) && key_record_read(log_iter_key(iter), first);
}

/* The first undamaged record from there on that begins below high: 1; 0: there is none; -1: *error. */
static int probe(struct log_iter *iter, uint64_t high, struct record *record, struct error *error)
{
    uint64_t key;
    while (log_iter_valid(iter) && key_record_read(log_iter_key(iter), &key) && key < high) {
        if (record_open(key, log_iter_value(iter), record, NULL) == REASON_NONE)
            return 1;
        log_iter_next(iter);
    }
    return !log_iter_valid(iter) && log_iter_fault(iter, error) ? -1 : 0;
}

/* Order ids are microseconds where the clock did not jump: a first guess that usually is nearly right. */
static uint64_t guess(int64_t time_ms, uint64_t low, uint64_t high)
{
    uint64_t order_id = time_ms > 0 && time_ms < INT64_MAX / 1000 ? (uint64_t)time_ms * 1000 : 0;
    return order_id > low && order_id < high ? order_id : low + (high - low) / 2;
}

/* Events below low are too early, those from high on are not, as far as they can be read. */
static int bisect_time(struct log_iter *iter, int64_t time_ms, uint64_t head, uint64_t *order_id,
                       struct error *error)
{
    uint64_t low = 0, high = head + 1;
    uint64_t middle = guess(time_ms, low, high);
    int found = 0;
    while (low < high) {
        struct record record;
        uint64_t first = middle;
        found = stand(iter, middle, &first) ? probe(iter, high, &record, error) : 0;
        if (found == -1)
            return -1;
        if (found == 1 && record.time_ms < time_ms)
            low = (record.last > middle ? record.last : middle) + 1;
        else
            high = first < middle ? first : middle;
        if (high < low)
            high = low;
        middle = low + (high - low) / 2;
    }
    *order_id = low;
    return found;
}

enum reason locate_time(struct log *log, int64_t time_ms, uint64_t head, uint64_t *order_id,
                        struct error *error)
{
    struct log_iter *iter = log_iter_open(log, LOG_READ);
    if (!iter)
        return unavailable(error);
    int found = bisect_time(iter, time_ms, head, order_id, error);
    log_iter_close(iter);
    return found == -1 ? error->reason : REASON_NONE;
}
