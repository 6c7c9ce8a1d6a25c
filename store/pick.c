/*
 * pick.c - see pick.h.
 */
#include "store/pick.h"

#include <inttypes.h>

bool pick_flush(struct pick *pick)
{
    struct span run = pick->run;
    pick->run = (struct span){0};
    if (run.len == 0)
        return true;
    return pick->value ? parts_ref(&pick->batch->parts, pick->value, run)
                       : parts_copy(&pick->batch->parts, run);
}

bool pick_take(struct pick *pick, struct span frame)
{
    if (pick->run.len && pick->run.data + pick->run.len != frame.data && !pick_flush(pick))
        return false;
    if (pick->run.len == 0)
        pick->run.data = frame.data;
    pick->run.len += frame.len;
    pick->batch->events++;
    pick->cursor->at.left--;
    return true;
}

void pick_pass(struct pick *pick, uint64_t events)
{
    pick->batch->passed += events;
}

bool pick_is_over(const struct pick *pick)
{
    return pick->cut || pick->cursor->at.left == 0 || pick->batch->passed >= CURSOR_PASSED_MAX;
}

bool pick_is_full(const struct pick *pick)
{
    return pick_is_over(pick) || pick->batch->parts.bytes >= pick->bytes_max;
}

enum reason pick_no_memory(struct error *error)
{
    return error_set(error, REASON_BUSY, "no memory for what is read: try again later");
}

enum reason pick_malformed(struct error *error, uint64_t order_id)
{
    return error_set(error, REASON_CORRUPT,
                     "the event at order id %" PRIu64 " is malformed; run photond verify",
                     order_id);
}
