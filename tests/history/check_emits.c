/*
 * check_emits.c - each emit against the log. See check.h.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/history/check.h"

enum { AHEAD = 12 };

/* One emit: all of its events, and its outcome. */
struct emit {
    uint32_t file, number;
    const struct history_record *events;
    uint32_t count;
    const struct history_record *returned; /* NULL: it never did */
    enum history_outcome outcome;
};

static struct emit emit_at(const struct check *check, uint32_t f, uint32_t number)
{
    const struct file *file = &check->files.files[f];
    struct emit emit = {f,
                        number,
                        files_invoked(file, number),
                        0,
                        files_returned(file, number),
                        files_outcome(file, number)};
    const struct history_record *end = file->records + file->count, *event = emit.events;
    while (event < end && event->kind == HISTORY_EMIT && event->number == number &&
           emit.count < emit.events->count) {
        event++;
        emit.count++;
    }
    return emit;
}

static const char *file_name(const struct check *check, const struct emit *emit)
{
    return check->files.files[emit->file].name;
}

static const char *stream_of(const struct check *check, const struct history_record *event)
{
    const struct names *names = &check->files.names;
    return names_text(names, names_find(names, event->stream));
}

/* What the log's event knows of its emits from now on. */
static void note(struct check *check, const struct emit *emit, const struct history_record *event,
                 struct entry *entry)
{
    if (entry->file == FINALLOG_NOBODY) {
        entry->file = emit->file;
        entry->record = (uint32_t)(event - check->files.files[emit->file].records);
    }
    entry->emits++;
    if (event->time_ns < entry->after_ns)
        entry->after_ns = event->time_ns;
    if (emit->outcome == HISTORY_OK && emit->returned->time_ns < entry->by_ns)
        entry->by_ns = emit->returned->time_ns;
    entry->maybe |= emit->outcome == HISTORY_OK || emit->outcome == HISTORY_UNKNOWN;
    if (entry->checksum != event->checksum ||
        entry->name != names_find(&check->files.names, event->stream))
        verdict_add(&check->verdict, VIOLATION_ALTERED,
                    "%s: emit %u in %s had other content, or was to %.80s",
                    finallog_text(&check->log, entry), emit->number, file_name(check, emit),
                    stream_of(check, event));
}

/* Who took the version that this event expected to take, if it was another. */
static const struct entry *winner(const struct check *check, const struct history_record *event)
{
    if (event->expect != HISTORY_VERSION && event->expect != HISTORY_NO_STREAM)
        return NULL;
    const struct entry *entry =
        finallog_at(&check->log, names_find(&check->files.names, event->stream),
                    event->expect == HISTORY_VERSION ? event->version + 1 : 1);
    return entry && memcmp(&entry->id, &event->id, sizeof entry->id) != 0 ? entry : NULL;
}

static bool expectation_held(const struct history_record *event, const struct entry *entry)
{
    switch (event->expect) {
    case HISTORY_VERSION:
        return entry->version == event->version + 1;
    case HISTORY_NO_STREAM:
        return entry->version == 1;
    case HISTORY_EXISTS:
        return entry->version > 1;
    default:
        return true;
    }
}

static void check_expectation(struct check *check, const struct emit *emit,
                              const struct history_record *event, const struct entry *entry)
{
    if (expectation_held(event, entry))
        return;
    const struct entry *other = winner(check, event);
    if (other && emit->outcome == HISTORY_OK)
        verdict_add(&check->verdict, VIOLATION_TWO_WINNERS,
                    "emit %u in %s expected version %" PRId64
                    " and was acknowledged: %s; but that was for %s",
                    emit->number, file_name(check, emit), event->version,
                    finallog_text(&check->log, entry), finallog_text(&check->log, other));
    else
        verdict_add(&check->verdict, VIOLATION_EXPECTATION,
                    "%s is stored, and had expected version %" PRId64 " (kind %d)",
                    finallog_text(&check->log, entry), event->version, event->expect);
}

static void lost(struct check *check, const struct emit *emit, const struct history_record *event)
{
    const struct entry *other = winner(check, event);
    if (other)
        verdict_add(&check->verdict, VIOLATION_TWO_WINNERS,
                    "emit %u in %s (event %s) was acknowledged, but what it expected was for %s",
                    emit->number, file_name(check, emit), history_id_text(&event->id),
                    finallog_text(&check->log, other));
    else
        verdict_add(&check->verdict, VIOLATION_LOST,
                    "emit %u in %s was acknowledged as order id %" PRId64
                    "; its event %s to %.80s is not in the log",
                    emit->number, file_name(check, emit), emit->returned->order_id,
                    history_id_text(&event->id), stream_of(check, event));
}

static void check_place(struct check *check, const struct emit *emit, const struct entry *last)
{
    if (last->order_id != emit->returned->order_id || last->version != emit->returned->version)
        verdict_add(&check->verdict, VIOLATION_MISPLACED,
                    "emit %u in %s was told order id %" PRId64 ", version %" PRId64
                    ", but it is %s",
                    emit->number, file_name(check, emit), emit->returned->order_id,
                    emit->returned->version, finallog_text(&check->log, last));
}

static void check_emit(struct check *check, const struct emit *emit)
{
    const struct entry *before = NULL;
    uint32_t found = 0;
    for (uint32_t i = 0; i < emit->count; i++) {
        const struct history_record *event = &emit->events[i];
        struct entry *entry = finallog_find(&check->log, &event->id);
        if (!entry) {
            if (emit->outcome == HISTORY_OK)
                lost(check, emit, event);
            continue;
        }
        found++;
        note(check, emit, event, entry);
        check_expectation(check, emit, event, entry);
        if (before && entry != before + 1)
            verdict_add(&check->verdict, VIOLATION_SCATTERED, "emit %u in %s: %s, then %s",
                        emit->number, file_name(check, emit), finallog_text(&check->log, before),
                        finallog_text(&check->log, entry));
        before = entry;
    }
    if (found && found < emit->count)
        verdict_add(&check->verdict, VIOLATION_TORN, "emit %u in %s: %u of its %u events, e.g. %s",
                    emit->number, file_name(check, emit), found, emit->count,
                    finallog_text(&check->log, before));
    else if (found && emit->outcome == HISTORY_OK)
        check_place(check, emit, before);
    if (emit->outcome == HISTORY_CLASH)
        verdict_add(&check->verdict, VIOLATION_CLASH,
                    "emit %u in %s (event %s) was told that its event ids are taken", emit->number,
                    file_name(check, emit), history_id_text(&emit->events->id));
}

static void count(struct check_counts *counts, const struct emit *emit)
{
    counts->emits++;
    counts->events += emit->count;
    counts->ok += emit->outcome == HISTORY_OK;
    counts->refused += emit->outcome == HISTORY_REFUSED;
    counts->failed += emit->outcome == HISTORY_FAILED || emit->outcome == HISTORY_CLASH;
    counts->unknown += emit->outcome == HISTORY_UNKNOWN;
}

static void look_ahead(const struct check *check, const struct file *file, uint32_t number)
{
    const struct history_record *far = files_invoked(file, number + 2 * AHEAD);
    const struct history_record *near = files_invoked(file, number + AHEAD);
    if (far && far->kind == HISTORY_EMIT)
        idtable_prefetch(&check->log.ids, &far->id);
    if (near && near->kind == HISTORY_EMIT)
        idtable_prefetch_item(&check->log.ids, &near->id);
}

void check_emits(struct check *check)
{
    for (uint32_t f = 0; f < check->files.count; f++) {
        const struct file *file = &check->files.files[f];
        for (uint32_t number = 0; number < file->operations; number++) {
            const struct history_record *first = files_invoked(file, number);
            look_ahead(check, file, number);
            if (!first || first->kind != HISTORY_EMIT)
                continue;
            struct emit emit = emit_at(check, f, number);
            count(&check->counts, &emit);
            check_emit(check, &emit);
        }
    }
}
