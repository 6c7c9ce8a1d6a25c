/*
 * finallog.c - see finallog.h.
 */
#include "tests/history/finallog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/memory.h"

static const struct history_record *last_session(const struct files *files, uint32_t *file_out)
{
    const struct history_record *found = NULL;
    for (size_t f = 0; f < files->count; f++) {
        const struct file *file = &files->files[f];
        for (size_t i = 0; file->kinds[HISTORY_ENDED] && i < file->count; i++) {
            const struct history_record *end = &file->records[i];
            if (end->kind != HISTORY_ENDED || end->outcome != HISTORY_OK ||
                !file->begun[end->number])
                continue;
            const struct history_record *begin = &file->records[file->begun[end->number] - 1];
            if (begin->mode == HISTORY_FINAL && (!found || begin->time_ns > found->time_ns)) {
                found = begin;
                *file_out = (uint32_t)f;
            }
        }
    }
    return found;
}

static bool is_of_session(const struct history_record *record, uint32_t session)
{
    return record->kind == HISTORY_EVENT && record->number == session;
}

static void read_entries(struct finallog *log, const struct file *file)
{
    log->entries = memory_new(file->kinds[HISTORY_EVENT], sizeof *log->entries);
    for (size_t i = 0; i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        if (!is_of_session(record, log->session))
            continue;
        log->entries[log->count++] = (struct entry){
            .id = record->id,
            .order_id = record->order_id,
            .version = record->version,
            .checksum = record->checksum,
            .name = names_find(&log->files->names, record->stream),
            .file = FINALLOG_NOBODY,
            .after_ns = INT64_MAX,
            .by_ns = INT64_MAX,
        };
    }
}

static void place_versions(struct finallog *log)
{
    for (uint32_t i = 0; i < log->count; i++)
        if (log->entries[i].name != NAMES_NONE)
            log->places[log->entries[i].name].count++;
    for (uint32_t n = 0; n < log->files->names.count; n++)
        if (log->places[n].count)
            log->places[n] =
                (struct places){memory_new(log->places[n].count, sizeof(uint32_t)), 0, true};
    for (uint32_t i = 0; i < log->count; i++) {
        struct places *places =
            log->entries[i].name == NAMES_NONE ? NULL : &log->places[log->entries[i].name];
        if (places)
            places->at[places->count++] = i;
    }
}

bool finallog_read(struct finallog *log, const struct files *files)
{
    *log = (struct finallog){.files = files};
    const struct history_record *session = last_session(files, &log->file);
    if (!session)
        return false;
    log->session = session->number;
    read_entries(log, &files->files[log->file]);
    log->places = memory_new(files->names.count, sizeof *log->places);
    place_versions(log);
    idtable_init(&log->ids, log->entries, sizeof *log->entries, log->count);
    return true;
}

void finallog_free(struct finallog *log)
{
    for (uint32_t n = 0; log->places && n < log->files->names.count; n++)
        free(log->places[n].at);
    free(log->places);
    free(log->entries);
    idtable_fini(&log->ids);
}

struct entry *finallog_find(const struct finallog *log, const struct history_id *id)
{
    uint32_t place = idtable_find(&log->ids, id);
    return place == IDTABLE_NONE ? NULL : &log->entries[place];
}

const struct entry *finallog_at(const struct finallog *log, uint32_t name, int64_t version)
{
    if (name == NAMES_NONE || version < 1 || version > log->places[name].count)
        return NULL;
    return &log->entries[log->places[name].at[version - 1]];
}

const struct places *finallog_places(struct finallog *log, uint32_t name)
{
    struct places *places = &log->places[name];
    const char *text = names_text(&log->files->names, name);
    if (places->known || !names_is_pattern(text))
        return places;
    bool *matches = memory_new(log->files->names.count, sizeof *matches);
    for (uint32_t n = 0; n < log->files->names.count; n++) {
        matches[n] = names_match(text, names_text(&log->files->names, n));
        places->count +=
            matches[n] ? log->places[n].count * !names_is_pattern(names_text(&log->files->names, n))
                       : 0;
    }
    *places = (struct places){memory_new(places->count, sizeof(uint32_t)), 0, true};
    for (uint32_t i = 0; i < log->count; i++)
        if (log->entries[i].name != NAMES_NONE && matches[log->entries[i].name])
            places->at[places->count++] = i;
    free(matches);
    return places;
}

void finallog_bound(struct finallog *log, struct verdict *verdict)
{
    const struct entry *latest = NULL; /* of those so far the one that was invoked last */
    int64_t after = INT64_MIN, by = INT64_MAX;
    for (uint32_t i = 0; i < log->count; i++) {
        struct entry *entry = &log->entries[i];
        if (entry->after_ns != INT64_MAX && entry->after_ns > after) {
            after = entry->after_ns;
            latest = entry;
        }
        if (latest && entry->by_ns < after)
            verdict_add(verdict, VIOLATION_REAL_TIME,
                        "%s was known to be stored before %s was invoked, which is in front of it",
                        finallog_text(log, entry), finallog_text(log, latest));
        entry->after_ns = after;
    }
    for (uint32_t i = log->count; i-- > 0;) {
        struct entry *entry = &log->entries[i];
        if (entry->by_ns < by)
            by = entry->by_ns;
        entry->by_ns = by;
    }
}

const char *finallog_text(const struct finallog *log, const struct entry *entry)
{
    static char texts[4][512];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    int len =
        snprintf(text, sizeof *texts, "event %s (order id %" PRId64 ", %.80s version %" PRId64 ")",
                 history_id_text(&entry->id), entry->order_id,
                 names_text(&log->files->names, entry->name), entry->version);
    if (entry->file != FINALLOG_NOBODY) {
        const struct file *file = &log->files->files[entry->file];
        snprintf(text + len, sizeof *texts - (size_t)len, " of emit %u in %.200s",
                 file->records[entry->record].number, file->name);
    }
    return text;
}
