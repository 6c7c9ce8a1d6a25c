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
    struct space *space;
    struct erase *erase;
    struct retain *retain;
};

struct deleting *deleting_new(struct store *store, struct heads *heads,
                              const struct space_options *space)
{
    struct deleting *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->store = store;
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
        if (sub->error || !sub->recorded)
            continue;
        any = true;
        if (sub->kind == SUBMIT_RETENTION || sub->delete_before || sub->tombstone)
            *format = LOG_FORMAT_CUTS;
    }
    return any;
}

void deleting_apply(struct deleting *d, const struct chain *decided)
{
    for (const struct submission *sub = decided->first; sub; sub = sub->next) {
        if (sub->error || !sub->recorded)
            continue;
        if (sub->kind == SUBMIT_RETENTION)
            retention_apply(d->store->retention, &sub->retention, sub->stored[0].order_id);
        else
            erase_add(d->erase, sub->delete_stream, sub->cut_version, sub->stored[0].order_id);
    }
}

int64_t deleting_due_ms(const struct deleting *d)
{
    int64_t space = space_due_ms(d->space);
    int64_t others = erase_pending(d->erase) ? 0 : retain_due_ms(d->retain);
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
