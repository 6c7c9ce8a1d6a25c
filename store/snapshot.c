/*
 * snapshot.c - see snapshot.h.
 *
 * An event is gone, as of the snapshot's last order id, if it is a stub (what is held was erased before the hold began, so it was
 * deleted before), or if its stream's cut is by an event within the snapshot. A cut by a later one does not count. It may have
 * replaced an earlier one whose events are still there: then they are given whole, and the deletion behind them takes them away
 * again, wherever this is read.
 */
#include "store/snapshot.h"

#include <inttypes.h>
#include <string.h>

#include "store/filter.h"
#include "store/gone.h"
#include "store/keys.h"
#include "store/locate.h"
#include "store/pick.h"
#include "store/place.h"
#include "store/scan.h"
#include "store/stub.h"
#include "store/submission.h"
#include "wire/entry.h"

/* One event on its way into a message. */
struct passing {
    struct snapshot *snapshot;
    const struct record *record;
    struct parts *message; /* NULL: only the digest is wanted */
    char id[EVENT_ID_BYTES_MAX];
    struct entry entry;
};

void snapshot_open(struct snapshot *s, struct store *store, uint64_t after, uint64_t last,
                   const uint8_t *digest)
{
    *s = (struct snapshot){.store = store, .after = after};
    hold_begin(&s->hold, store->holds);
    s->head = atomic_load(&store->head);
    s->last = last && last < s->head ? last : s->head;
    s->next = digest ? after + 1 : 1;
    s->number = s->next == 1 ? 0 : SCAN_NUMBER_UNKNOWN;
    if (digest) {
        memcpy(s->digest, digest, DIGEST_BYTES);
        memcpy(s->after_digest, digest, DIGEST_BYTES);
    }
}

void snapshot_close(struct snapshot *s)
{
    hold_end(&s->hold);
    expired_free(&s->expired);
}

bool snapshot_is_over(const struct snapshot *s)
{
    return s->next > s->last;
}

bool snapshot_gives(const struct snapshot *s)
{
    return s->next > s->after;
}

/* ---- an event ---- */

/* Is it deleted by an event within the snapshot? 1, 0, or -1: *error. */
static int is_cut(struct snapshot *s, const struct event *event, struct error *error)
{
    struct cut cut;
    if (!gone_any(s->store->gone) ||
        !gone_covers(s->store->gone, event->stream_name, event->version))
        return 0;
    if (locate_cut(s->store->log, event->stream_name, &cut, error))
        return -1;
    return event->version <= cut.version && cut.deletion <= s->last;
}

static enum reason pass_event(struct passing *p, struct span raw, struct error *error)
{
    struct entry *entry = &p->entry;
    entry->kind = ENTRY_EVENT;
    if (!event_read(raw, &entry->event))
        return pick_malformed(error, p->snapshot->next);
    int cut = is_cut(p->snapshot, &entry->event, error);
    if (cut <= 0)
        return cut < 0 ? error->reason : REASON_NONE;
    entry->kind = ENTRY_ERASED;
    digest_event(&entry->event, entry->own);
    submission_digest(&entry->event, entry->content);
    return REASON_NONE;
}

/* What its event id's entry still knows of an erased event. */
static enum reason content_read(struct passing *p, struct span id_key, struct error *error)
{
    struct bytes *value = NULL;
    struct id_entry known;
    enum reason reason = log_get(p->snapshot->store->log, id_key, &value, error);
    if (reason)
        return reason;
    bool good =
        value && id_entry_decode(bytes_span(value), &known) && known.order_id == p->snapshot->next;
    bytes_unref(value);
    if (!good)
        return error_set(error, REASON_CORRUPT,
                         "event %" PRIu64 " is erased, and its event id has no entry or another's; "
                         "run photond verify",
                         p->snapshot->next);
    memcpy(p->entry.content, known.digest, DIGEST_BYTES);
    return REASON_NONE;
}

static enum reason pass_stub(struct passing *p, struct span raw, struct error *error)
{
    struct snapshot *s = p->snapshot;
    struct entry *entry = &p->entry;
    struct stub stub;
    if (!stub_read(raw, p->record, (uint32_t)(s->next - p->record->first), &stub))
        return pick_malformed(error, s->next);
    entry->kind = ENTRY_ERASED;
    entry->event = stub.place;
    stub_digest(&stub, entry->own);
    if (!p->message || stub.id_key.len == 0)
        return REASON_NONE;
    entry->event.event_id =
        (struct span){(const uint8_t *)p->id, key_event_id_text(stub.id_key, p->id)};
    return content_read(p, stub.id_key, error);
}

/* ---- into the message ---- */

static enum reason give(struct passing *p, const struct entry *entry, struct error *error)
{
    uint8_t *at = p->message ? parts_room(p->message, entry_size(entry)) : NULL;
    if (at)
        entry_put(at, entry);
    return at || !p->message ? REASON_NONE : pick_no_memory(error);
}

/* Behind the last event that a policy took from a stream. */
static enum reason give_expired(struct passing *p, struct error *error)
{
    const struct expired_one *one = expired_at(&p->snapshot->expired, p->entry.event.order_id);
    if (!one || !p->message)
        return REASON_NONE;
    struct entry entry = {.kind = ENTRY_CUT,
                          .stream = {one->name, one->name_len},
                          .cut_version = one->version,
                          .cut_order_id = one->order_id,
                          .cut_by = one->order_id};
    return give(p, &entry, error);
}

/* Behind an event that cuts a stream: how far, if no later one has done it again. */
static enum reason give_cut(struct passing *p, struct error *error)
{
    const struct event *event = &p->entry.event;
    struct cut cut;
    if (p->record->kind != RECORD_DELETION || event->id.len == 0 || !p->message)
        return REASON_NONE;
    enum reason reason = locate_cut(p->snapshot->store->log, event->id, &cut, error);
    if (reason || cut.deletion != event->order_id || cut.policy)
        return reason;
    struct entry entry = {.kind = ENTRY_CUT,
                          .stream = event->id,
                          .cut_version = cut.version,
                          .cut_order_id = cut.order_id,
                          .cut_by = cut.deletion,
                          .tombstone = cut.tombstone};
    return give(p, &entry, error);
}

static void count(struct snapshot *s)
{
    if (s->events++ == 0)
        s->first_order_id = s->next;
    s->last_order_id = s->next;
}

static enum reason pass(struct passing *p, struct span raw, struct error *error)
{
    struct snapshot *s = p->snapshot;
    enum reason reason = filter_erased(raw) ? pass_stub(p, raw, error) : pass_event(p, raw, error);
    if (!reason)
        entry_digest(&p->entry, s->digest);
    if (reason || !snapshot_gives(s))
        return reason;
    count(s);
    reason = give(p, &p->entry, error);
    if (!reason)
        reason = give_expired(p, error);
    return reason ? reason : give_cut(p, error);
}

/* The record's events from next on, up to last. */
static enum reason pass_record(struct snapshot *s, const struct record *record,
                               struct parts *message, struct error *error)
{
    struct span rest = record->body, frame, raw;
    enum reason reason = REASON_NONE;
    if (s->next < record->first)
        s->next = record->first;
    for (uint64_t order_id = record->first;
         order_id <= record->last && order_id <= s->last && !reason; order_id++) {
        if (record_next(&rest, &frame, &raw) != 1)
            return pick_malformed(error, order_id);
        if (order_id < s->next)
            continue;
        struct passing passing = {
            .snapshot = s, .record = record, .message = s->next > s->after ? message : NULL};
        reason = pass(&passing, raw, error);
        if (order_id <= s->after)
            memcpy(s->after_digest, s->digest, DIGEST_BYTES);
        s->next = order_id + 1;
    }
    return reason;
}

/* ---- a step ---- */

static enum reason snapshot_read(struct snapshot *s, size_t bytes_max, struct parts *message,
                                 struct error *error)
{
    struct scan scan;
    enum reason reason = REASON_NONE;
    int found = 1;
    size_t read = 0;
    scan_open(&scan, s->store, s->number);
    while (!reason && read < bytes_max && !snapshot_is_over(s) &&
           (found = scan_next(&scan, s->next, s->head, error)) == 1 &&
           scan.record.first <= s->last) {
        reason = pass_record(s, &scan.record, message, error);
        read += scan.record.body.len;
    }
    if (found == 0 || (found == 1 && scan.record.first > s->last))
        s->next = s->last + 1;
    s->number = scan_close(&scan, s->next);
    return found == -1 ? error->reason : reason;
}

enum reason snapshot_step(struct snapshot *s, size_t bytes_max, struct parts *message,
                          struct error *error)
{
    if (s->store->holds && !hold_renew(&s->hold))
        return error_set(error, REASON_STORE_UNAVAILABLE,
                         "nothing was taken of the snapshot for %d seconds, and what was deleted "
                         "meanwhile is gone: begin again",
                         HOLD_MS / 1000);
    if (message && !s->knows_expired && log_place(s->store->log)->format >= LOG_FORMAT_CUTS) {
        s->knows_expired = true;
        if (expired_read(&s->expired, s->store->log, s->last, &s->hold, error) != REASON_NONE)
            return error->reason;
    }
    gone_enter(s->store->gone);
    enum reason reason = snapshot_read(s, bytes_max, message, error);
    gone_leave(s->store->gone);
    return reason;
}
