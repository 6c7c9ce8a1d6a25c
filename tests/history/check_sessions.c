/*
 * check_sessions.c - each subscription against the log. See check.h.
 *
 * What a session is to deliver is a list of places in the log; it has a cursor in it, from where it began on. Each delivery must be what the
 * cursor is at. Whether it was at the right place when the marker came, or at its end, is looked at later, when it is known what
 * was in the log at that time.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/check.h"
#include "tests/history/memory.h"

struct session {
    const struct history_record *begin;
    const struct places *places;
    uint32_t first, next; /* in places */
    bool placed;          /* first is known; of a hot one not before its first event */
    bool live, ended;
    uint32_t live_next, end_next; /* where the cursor was then */
    int64_t live_ns;
};

static const struct entry *entry_at(const struct check *check, const struct session *session,
                                    uint32_t place)
{
    return place < session->places->count ? &check->log.entries[session->places->at[place]] : NULL;
}

/* The first one with this order id or a later one. */
static uint32_t place_of(const struct check *check, const struct session *session, int64_t order_id)
{
    uint32_t low = 0, high = session->places->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entry_at(check, session, middle)->order_id < order_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void begin(struct check *check, struct session *session, const struct history_record *record)
{
    static const struct places nothing = {0};
    uint32_t name = names_find(&check->files.names, record->stream);
    session->begin = record;
    session->places = name == NAMES_NONE ? &nothing : finallog_places(&check->log, name);
    session->placed = record->mode != HISTORY_HOT;
    if (!session->placed || record->version <= 0)
        return;
    if (record->expect == HISTORY_FROM_ORDER_ID)
        session->first = place_of(check, session, record->version);
    else if (record->version - 1 < session->places->count)
        session->first = (uint32_t)record->version - 1;
    else
        session->first = session->places->count;
    session->next = session->first;
}

/* "session 3 (a/b) in x.history"; static. */
static const char *session_text(const struct check *check, const struct file *file,
                                const struct session *session)
{
    static char text[512];
    snprintf(
        text, sizeof text, "session %u (%.80s) in %.200s", session->begin->number,
        names_text(&check->files.names, names_find(&check->files.names, session->begin->stream)),
        file->name);
    return text;
}

/* ---- deliveries ---- */

static bool is_the_same(const struct check *check, const struct history_record *event,
                        const struct entry *entry)
{
    return event->order_id == entry->order_id && event->version == entry->version &&
           event->checksum == entry->checksum &&
           memcmp(&event->id, &entry->id, sizeof entry->id) == 0 &&
           names_find(&check->files.names, event->stream) == entry->name;
}

/* What was delivered is not what the cursor is at. */
static void misdelivered(struct check *check, const struct file *file, struct session *session,
                         const struct history_record *event)
{
    const struct finallog *log = &check->log;
    const char *who = session_text(check, file, session);
    uint32_t place = place_of(check, session, event->order_id);
    const struct entry *there = entry_at(check, session, place);
    const struct entry *known = finallog_find(log, &event->id);
    if (!there || there->order_id != event->order_id) {
        if (known && known->order_id == event->order_id)
            verdict_add(&check->verdict, VIOLATION_FOREIGN, "%s delivered %s", who,
                        finallog_text(log, known));
        else
            verdict_add(&check->verdict, VIOLATION_VANISHED,
                        "%s delivered event %s as order id %" PRId64 ": not in the log", who,
                        history_id_text(&event->id), event->order_id);
    } else if (place < session->next) {
        verdict_add(&check->verdict, VIOLATION_REPEATED, "%s delivered %s %s", who,
                    finallog_text(log, there),
                    place < session->first ? "from before its begin" : "again, or too late");
    } else {
        verdict_add(&check->verdict, VIOLATION_SKIPPED, "%s delivered %s without %u before it: %s",
                    who, finallog_text(log, there), place - session->next,
                    finallog_text(log, entry_at(check, session, session->next)));
        session->next = place + 1;
    }
}

static void deliver(struct check *check, const struct file *file, struct session *session,
                    const struct history_record *event)
{
    if (!session->placed) {
        session->first = session->next = place_of(check, session, event->order_id);
        session->placed = true;
    }
    check->counts.delivered++;
    const struct entry *next = entry_at(check, session, session->next);
    if (!next || next->order_id != event->order_id) {
        misdelivered(check, file, session, event);
        return;
    }
    struct entry *entry = &check->log.entries[next - check->log.entries];
    if (!is_the_same(check, event, entry))
        verdict_add(&check->verdict, VIOLATION_DELIVERED,
                    "%s delivered event %s as version %" PRId64 ", but the log has %s",
                    session_text(check, file, session), history_id_text(&event->id), event->version,
                    finallog_text(&check->log, entry));
    if (event->time_ns < entry->by_ns)
        entry->by_ns = event->time_ns;
    session->next++;
}

static void live(struct check *check, const struct file *file, struct session *session,
                 const struct history_record *record)
{
    if (session->live)
        verdict_add(&check->verdict, VIOLATION_TWICE_LIVE, "%s went live again",
                    session_text(check, file, session));
    else
        check->counts.crossings += session->begin->mode == HISTORY_HOT_COLD;
    session->live = true;
    session->live_next = session->next;
    session->live_ns = record->time_ns;
}

static void end(struct check *check, const struct file *file, struct session *session,
                const struct history_record *record)
{
    session->ended = record->outcome == HISTORY_OK;
    session->end_next = session->next;
    if (record->outcome == HISTORY_FAILED)
        verdict_add(&check->verdict, VIOLATION_SESSION_LOST,
                    "%s ended with an error, or stood still", session_text(check, file, session));
}

static void walk(struct check *check, uint32_t f)
{
    const struct file *file = &check->files.files[f];
    struct session *sessions = memory_new(file->sessions, sizeof *sessions);
    check->sessions[f] = sessions;
    bool holds_more = file->sessions > (f == check->log.file); /* than the log itself */
    for (size_t i = 0; holds_more && i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        if (record->kind < HISTORY_SUBSCRIBE || record->kind > HISTORY_ENDED ||
            (f == check->log.file && record->number == check->log.session))
            continue;
        struct session *session = &sessions[record->number];
        if (record->kind == HISTORY_SUBSCRIBE) {
            begin(check, session, record);
            check->counts.sessions++;
        } else if (session->begin && record->kind == HISTORY_EVENT) {
            deliver(check, file, session, record);
        } else if (session->begin && record->kind == HISTORY_LIVE) {
            live(check, file, session, record);
        } else if (session->begin) {
            end(check, file, session, record);
        }
    }
}

void check_sessions_walk(struct check *check)
{
    check->sessions = memory_new(check->files.count, sizeof *check->sessions);
    for (uint32_t f = 0; f < check->files.count; f++)
        walk(check, f);
}

/* ---- when it is known what was there when ---- */

/* With its cursor there, a session has not delivered what was in the log when it began. */
static const struct entry *owed(const struct check *check, const struct session *session,
                                uint32_t next)
{
    const struct entry *entry = entry_at(check, session, next);
    return entry && entry->by_ns < session->begin->time_ns ? entry : NULL;
}

/* Along the log the bounds never fall: the event before the first that was delivered is the last that may be missing. */
static void check_hot(struct check *check, const struct file *file, const struct session *session)
{
    if (!session->live || !session->placed || session->first == 0)
        return;
    const struct entry *before = entry_at(check, session, session->first - 1);
    if (before && before->after_ns > session->live_ns)
        verdict_add(&check->verdict, VIOLATION_HOT_MISSED, "%s began with %u, without %s",
                    session_text(check, file, session), session->first,
                    finallog_text(&check->log, before));
}

static void check_ends(struct check *check, const struct file *file, const struct session *session)
{
    int mode = session->begin->mode;
    const struct entry *missing = NULL;
    if (mode == HISTORY_HOT) {
        check_hot(check, file, session);
        return;
    }
    if (session->live && (missing = owed(check, session, session->live_next)))
        verdict_add(&check->verdict, VIOLATION_EARLY_LIVE, "%s went live before it had %s",
                    session_text(check, file, session), finallog_text(&check->log, missing));
    if (session->ended && (missing = owed(check, session, session->end_next)))
        verdict_add(&check->verdict, VIOLATION_EARLY_END, "%s ended before it had %s",
                    session_text(check, file, session), finallog_text(&check->log, missing));
}

void check_sessions_ends(struct check *check)
{
    for (size_t f = 0; f < check->files.count; f++)
        for (uint32_t s = 0; s < check->files.files[f].sessions; s++)
            if (check->sessions[f][s].begin)
                check_ends(check, &check->files.files[f], &check->sessions[f][s]);
}

void check_sessions_free(struct check *check)
{
    for (size_t f = 0; check->sessions && f < check->files.count; f++)
        free(check->sessions[f]);
    free(check->sessions);
}
