/*
 * check_log.c - the log in itself, and what nobody emitted. See check.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/check.h"
#include "tests/history/memory.h"

enum { AHEAD = 16 };

void check_log(struct check *check)
{
    struct finallog *log = &check->log;
    for (uint32_t i = 0; i < log->count; i++) {
        if (i + AHEAD < log->count)
            idtable_prefetch(&log->ids, &log->entries[i + AHEAD].id);
        log->entries[i].twin = idtable_add(&log->ids, i) + 1;
    }
}

/* ---- after the emits are known ---- */

static void check_order(struct check *check, const struct entry *entry)
{
    if (entry == check->log.entries || entry->order_id > entry[-1].order_id)
        return;
    verdict_add(&check->verdict, VIOLATION_ORDER, "%s follows %s",
                finallog_text(&check->log, entry), finallog_text(&check->log, entry - 1));
}

static void check_version(struct check *check, const struct entry *entry, uint32_t before)
{
    if (entry->version != (int64_t)before + 1)
        verdict_add(&check->verdict, VIOLATION_GAP, "%s is the %" PRIu32 ". of its stream",
                    finallog_text(&check->log, entry), before + 1);
}

/* Of the streams of the store's own nobody else is the origin. */
static bool is_the_stores(const struct check *check, const struct entry *entry)
{
    return strncmp(names_text(&check->files.names, entry->name), "__", 2) == 0;
}

/* The last emit of each client, by file and client. */
struct lines {
    uint32_t **last; /* entries' places + 1 */
    uint32_t *counts;
};

static uint32_t *line_of(struct lines *lines, uint32_t file, uint32_t client)
{
    if (client >= lines->counts[file]) {
        uint32_t count = client + 8;
        lines->last[file] = memory_more(lines->last[file], count, sizeof **lines->last);
        memset(lines->last[file] + lines->counts[file], 0,
               (count - lines->counts[file]) * sizeof **lines->last);
        lines->counts[file] = count;
    }
    return &lines->last[file][client];
}

/* An event that was emitted several times may have been stored by any of them. */
static void check_pipeline(struct check *check, struct lines *lines, uint32_t place)
{
    const struct finallog *log = &check->log;
    const struct entry *entry = &log->entries[place];
    const struct history_record *records = check->files.files[entry->file].records;
    const struct history_record *emit = &records[entry->record];
    if (entry->emits != 1 || emit->mode != HISTORY_PIPELINED)
        return;
    uint32_t *last = line_of(lines, entry->file, emit->client);
    if (*last && records[log->entries[*last - 1].record].number > emit->number)
        verdict_add(&check->verdict, VIOLATION_PIPELINE, "%s is behind %s",
                    finallog_text(log, entry), finallog_text(log, &log->entries[*last - 1]));
    *last = place + 1;
}

static void check_origin(struct check *check, const struct entry *entry)
{
    const struct finallog *log = &check->log;
    const char *text = finallog_text(log, entry);
    if (entry->twin)
        verdict_add(&check->verdict, VIOLATION_DOUBLED, "%s is there already: %s", text,
                    finallog_text(log, &log->entries[entry->twin - 1]));
    else if (entry->file == FINALLOG_NOBODY)
        verdict_add(&check->verdict, VIOLATION_PHANTOM, "%s was emitted by nobody", text);
    else if (!entry->maybe)
        verdict_add(&check->verdict, VIOLATION_NOT_FAILED, "%s is stored, and had failed", text);
}

void check_origins(struct check *check)
{
    size_t files = check->files.count;
    uint32_t *versions = memory_new(check->files.names.count, sizeof *versions);
    struct lines lines = {memory_new(files, sizeof *lines.last),
                          memory_new(files, sizeof *lines.counts)};
    for (uint32_t i = 0; i < check->log.count; i++) {
        const struct entry *entry = &check->log.entries[i];
        check_order(check, entry);
        if (entry->name != NAMES_NONE)
            check_version(check, entry, versions[entry->name]++);
        if (is_the_stores(check, entry))
            continue;
        if (entry->twin || !entry->maybe)
            check_origin(check, entry);
        if (entry->file != FINALLOG_NOBODY)
            check_pipeline(check, &lines, i);
    }
    for (size_t f = 0; f < files; f++)
        free(lines.last[f]);
    free(lines.last);
    free(lines.counts);
    free(versions);
}
