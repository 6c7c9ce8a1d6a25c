/*
 * check_alive.c - who was to succeed once more after all was well again has done so. See check.h.
 */
#include <stdlib.h>

#include "tests/history/check.h"
#include "tests/history/memory.h"

/* The client succeeded by this record, with something that it began behind `healed`. */
static bool is_success(const struct file *file, size_t at, size_t healed)
{
    const struct history_record *record = &file->records[at];
    if (record->outcome != HISTORY_OK)
        return false;
    if (record->kind == HISTORY_ENDED)
        return true;
    return (record->kind == HISTORY_EMITTED || record->kind == HISTORY_ANSWER) &&
           files_invoked(file, record->number) > &file->records[healed];
}

static void check_file(struct check *check, const struct file *file)
{
    uint32_t clients = 0;
    for (size_t i = 0; file->kinds[HISTORY_HEALED] && i < file->count; i++)
        if (file->records[i].kind == HISTORY_HEALED && file->records[i].client >= clients)
            clients = file->records[i].client + 1;
    size_t *healed = memory_new(clients, sizeof *healed); /* 0: it owes nothing */
    for (size_t i = 0; clients && i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        if (record->client >= clients)
            continue;
        if (record->kind == HISTORY_HEALED) {
            healed[record->client] = i;
            check->counts.healed++;
        } else if (healed[record->client] && is_success(file, i, healed[record->client])) {
            healed[record->client] = 0;
        }
    }
    for (uint32_t client = 0; client < clients; client++)
        if (healed[client])
            verdict_add(&check->verdict, VIOLATION_NOT_ALIVE,
                        "client %u in %s never succeeded after all was well again", client,
                        file->name);
    free(healed);
}

void check_alive(struct check *check)
{
    for (size_t f = 0; f < check->files.count; f++)
        check_file(check, &check->files.files[f]);
}
