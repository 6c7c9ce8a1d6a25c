/*
 * effects.c - see effects.h.
 */
#include "store/effects.h"

static bool deletes(const struct submission *sub)
{
    return sub->kind == SUBMIT_DELETE && !sub->error && sub->deleted_events;
}

bool effects_hide(const struct chain *taken)
{
    for (const struct submission *sub = taken->first; sub; sub = sub->next)
        if (deletes(sub) || sub->cuts_len)
            return true;
    return false;
}

bool effects_end_import(const struct chain *taken)
{
    for (const struct submission *sub = taken->first; sub; sub = sub->next)
        if (sub->kind == SUBMIT_IMPORT && sub->import_end.has_end && !sub->error)
            return true;
    return false;
}

void effects_apply(const struct chain *taken, struct erase *erase)
{
    for (const struct submission *sub = taken->first; sub; sub = sub->next) {
        if (deletes(sub))
            erase_add(erase, sub->delete_stream, sub->last_version, sub->stored[0].order_id);
        for (size_t i = 0; i < sub->cuts_len; i++)
            erase_add(erase, sub->cuts[i].stream, sub->cuts[i].version, sub->cuts[i].by);
    }
}
