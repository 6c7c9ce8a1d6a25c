/*
 * measures.c - see measures.h.
 *
 * What concerns many submissions is added up first, and then added once: they are answered a commit at a time.
 */
#include "store/measures.h"

#include "store/durable.h"
#include "store/submission.h"

void measures_commit(struct measures *m, const struct written *written, uint64_t now_us)
{
    uint64_t events = 0, bytes = 0;
    if (written->built_len == 0)
        return;
    for (size_t i = 0; i < written->built_len; i++) {
        events += written->built[i].record.count;
        bytes += written->built[i].value->len;
    }
    tally_add(&m->commits, 1);
    histogram_add(&m->commit_events, events);
    histogram_add(&m->commit_bytes, bytes);
    histogram_add(&m->commit_us, now_us - written->begun_us);
}

struct outcomes {
    uint64_t emits, events, bytes, duplicates, deletions;
    struct histogram_values emit_us;
};

static void add_stored(struct outcomes *all, const struct submission *sub)
{
    if (sub->kind == SUBMIT_DELETE) {
        all->deletions += sub->deleted_events > 0;
    } else if (sub->kind == SUBMIT_RETENTION) {
        return;
    } else if (sub->duplicate) {
        all->duplicates++;
    } else {
        all->emits++;
        all->events += sub->request.events_len;
        all->bytes += sub->bytes - sub->request.events_len * SUBMISSION_FRAME_BYTES;
    }
}

void measures_answers(struct measures *m, const struct chain *done)
{
    struct outcomes all = {0};
    uint64_t now_us = tally_now_us();
    for (const struct submission *sub = done->first; sub; sub = sub->next) {
        if (sub->kind == SUBMIT_IMPORT)
            continue; /* what somebody emitted long ago */
        histogram_values_add(&all.emit_us, now_us - sub->received_us);
        if (sub->error)
            measures_refused(m, sub->error->reason, 1);
        else
            add_stored(&all, sub);
    }
    tally_add(&m->emits, all.emits);
    tally_add(&m->emitted_events, all.events);
    tally_add(&m->emitted_bytes, all.bytes);
    if (all.duplicates)
        tally_add(&m->duplicates, all.duplicates);
    if (all.deletions)
        tally_add(&m->deletions, all.deletions);
    histogram_add_all(&m->emit_us, &all.emit_us);
}
