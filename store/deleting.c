/*
 * deleting.c - see deleting.h. Space is given back before a policy makes more of it, so what waits for that is bounded by what one step of
 * retain.h cuts, and by what is asked for.
 */
#include "store/deleting.h"

#include <stdlib.h>

#include "store/erase.h"
#include "store/retain.h"
#include "store/submission.h"

struct deleting {
    struct store *store;
    const struct imported *imported;
    struct space *space;
    struct erase *erase;
    struct retain *retain;
};

struct deleting *deleting_new(struct store *store, struct heads *heads,
                              const struct imported *imported, const struct space_options *space)
{
    struct deleting *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->store = store;
    d->imported = imported;
    d->space = space_open(store->log, space);
    d->erase = d->space ? erase_new(store, d->space) : NULL;
    d->retain = d->erase ? retain_new(store, heads, d->erase) : NULL;
    if (d->retain)
        return d;
    deleting_free(d);
    return NULL;
}

void deleting_free(struct deleting *d)
{
    if (!d)
        return;
    retain_free(d->retain);
    erase_free(d->erase);
    space_close(d->space);
    free(d);
}

enum reason deleting_load(struct deleting *d, struct error *error)
{
    enum reason reason = space_load(d->space, error);
    if (reason == REASON_NONE)
        reason = erase_load(d->erase, error);
    if (reason == REASON_NONE)
        reason = retention_load(d->store->retention, d->store->log, error);
    return reason;
}

bool deleting_is_in(const struct chain *decided, unsigned *format)
{
    bool any = false;
    *format = LOG_FORMAT_FIRST;
    for (const struct submission *sub = decided->first; sub; sub = sub->next) {
        if (sub->error)
            continue;
        any |= sub->recorded || sub->cuts_len || sub->has_cuts;
        bool cuts = sub->kind == SUBMIT_RETENTION || sub->delete_before || sub->tombstone;
        if ((sub->recorded && cuts) || sub->has_cuts)
            *format = LOG_FORMAT_CUTS;
    }
    return any;
}

bool deleting_ends_import(const struct chain *decided)
{
    for (const struct submission *sub = decided->first; sub; sub = sub->next)
        if (sub->kind == SUBMIT_IMPORT && sub->import_end.has_end && !sub->error)
            return true;
    return false;
}

static void apply_import(struct deleting *d, const struct submission *sub)
{
    for (size_t i = 0; i < sub->cuts_len; i++)
        erase_add(d->erase, sub->cuts[i].stream, sub->cuts[i].version, sub->cuts[i].by);
    for (size_t i = 0; i < sub->policies_len; i++)
        retention_apply(d->store->retention, &sub->policies[i].change, sub->policies[i].order_id);
}

void deleting_apply(struct deleting *d, const struct chain *decided)
{
    for (const struct submission *sub = decided->first; sub; sub = sub->next) {
        if (sub->error)
            continue;
        apply_import(d, sub);
        if (!sub->recorded)
            continue;
        if (sub->kind == SUBMIT_RETENTION)
            retention_apply(d->store->retention, &sub->retention, sub->stored[0].order_id);
        else
            erase_add(d->erase, sub->delete_stream, sub->cut_version, sub->stored[0].order_id);
    }
}

int64_t deleting_due_ms(const struct deleting *d)
{
    int64_t space = space_due_ms(d->space), others = INT64_MAX;
    if (erase_pending(d->erase))
        others = 0;
    else if (!imported_is_open(d->imported))
        others = retain_due_ms(d->retain);
    return space < others ? space : others;
}

enum reason deleting_step(struct deleting *d, struct log_end end, int64_t now_ms, int64_t mono_ms,
                          struct error *error)
{
    if (space_due_ms(d->space) <= mono_ms)
        return space_step(d->space, mono_ms, error);
    return erase_pending(d->erase) ? erase_step(d->erase, error)
                                   : retain_step(d->retain, end, now_ms, mono_ms, error);
}
