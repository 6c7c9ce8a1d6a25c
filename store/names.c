/*
 * names.c - see names.h. The index of streams is not walked: from a stream's first entry the next is the one behind its last.
 */
#include "store/names.h"

#include <string.h>

#include "store/keys.h"
#include "store/pattern.h"

struct span names_at(const struct names *names)
{
    return (struct span){(const uint8_t *)names->after, names->after_len};
}

/* As LevelDB orders keys. */
static bool is_before(const struct key *a, const struct key *b)
{
    int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
    return order < 0 || (order == 0 && a->len < b->len);
}

static void seek_next(const struct names *names, struct log_iter *iter)
{
    struct key begin = key_streams(pattern_prefix(names->pattern));
    struct key next = names->after_len ? key_stream_end(names_at(names)) : begin;
    log_iter_seek(iter, is_before(&begin, &next) ? key_span(&next) : key_span(&begin));
}

int names_next(struct names *names, struct log_iter *iter, struct error *error)
{
    struct span name;
    uint64_t version;
    seek_next(names, iter);
    if (!log_iter_valid(iter))
        return log_iter_fault(iter, error) ? -1 : 0;
    if (!key_extent_read(log_iter_key(iter), &name, &version) || name.len > sizeof names->after ||
        !pattern_begins(name, pattern_prefix(names->pattern)))
        return 0;
    memcpy(names->after, name.data, name.len);
    names->after_len = name.len;
    return 1;
}
