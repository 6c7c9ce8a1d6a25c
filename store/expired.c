/*
 * expired.c - see expired.h. It is as large as there are streams that a policy has cut.
 */
#include "store/expired.h"

#include <stdlib.h>
#include <string.h>

#include "store/names.h"
#include "store/pick.h"

enum { RENEW_EVERY = 4096 };

static bool add(struct expired *e, struct span name, const struct cut *cut)
{
    if (e->len == e->room) {
        size_t room = e->room ? 2 * e->room : 64;
        struct expired_one *more = realloc(e->one, room * sizeof *more);
        if (!more)
            return false;
        e->one = more;
        e->room = room;
    }
    uint8_t *copy = malloc(name.len);
    if (!copy)
        return false;
    memcpy(copy, name.data, name.len);
    e->one[e->len++] = (struct expired_one){cut->order_id, cut->version, copy, name.len};
    return true;
}

/* The stream that the walk stands on. */
static bool look(struct expired *e, const struct names *names, struct log_iter *iter, uint64_t last)
{
    struct span name;
    uint64_t version;
    struct cut cut;
    if (!key_extent_read(log_iter_key(iter), &name, &version) || version != 0 ||
        !cut_decode(log_iter_value(iter), &cut) || !cut.policy || cut.deletion > last)
        return true;
    return add(e, names_at(names), &cut);
}

static int by_order_id(const void *a, const void *b)
{
    const struct expired_one *one = a, *other = b;
    return (one->order_id > other->order_id) - (one->order_id < other->order_id);
}

enum reason expired_read(struct expired *e, struct log *log, uint64_t last, struct hold *hold,
                         struct error *error)
{
    struct names names = {.pattern = {NULL, 0}};
    int found = 1;
    bool ok = true;
    while (found == 1 && ok) {
        struct log_iter *iter = log_iter_open(log, LOG_SCAN);
        ok = iter != NULL;
        for (int i = 0; ok && i < RENEW_EVERY && (found = names_next(&names, iter, error)) == 1;
             i++)
            ok = look(e, &names, iter, last);
        log_iter_close(iter);
        hold_renew(hold);
    }
    if (!ok)
        return pick_no_memory(error);
    if (e->len)
        qsort(e->one, e->len, sizeof *e->one, by_order_id);
    return found == -1 ? error->reason : REASON_NONE;
}

void expired_free(struct expired *e)
{
    for (size_t i = 0; i < e->len; i++)
        free(e->one[i].name);
    free(e->one);
    *e = (struct expired){0};
}

const struct expired_one *expired_at(const struct expired *e, uint64_t order_id)
{
    const struct expired_one key = {.order_id = order_id};
    return e->len ? bsearch(&key, e->one, e->len, sizeof key, by_order_id) : NULL;
}
