/*
 * story_edit.c - changes a story (story.h), and saves it.
 */
#include "tests/history/story.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

void story_save(const struct story *story, const char *dir)
{
    for (int f = 0; f < STORY_FILES; f++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s.history", dir, story->files[f].name);
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(story->files[f].records, sizeof(struct history_record),
                                story->files[f].count, out),
                         story->files[f].count);
        assert_int_equal(fclose(out), 0);
    }
}

struct history_record *story_find(struct story *story, int file, enum history_kind kind,
                                  unsigned nth)
{
    for (size_t i = 0; i < story->files[file].count; i++)
        if (story->files[file].records[i].kind == kind && nth-- == 0)
            return &story->files[file].records[i];
    fail_msg("there is no such record in %s", story->files[file].name);
    return NULL;
}

struct history_record *story_delivery(struct story *story, int file, uint32_t session, unsigned nth)
{
    for (size_t i = 0; i < story->files[file].count; i++) {
        struct history_record *record = &story->files[file].records[i];
        if (record->kind == HISTORY_EVENT && record->number == session && nth-- == 0)
            return record;
    }
    fail_msg("there is no such delivery in %s", story->files[file].name);
    return NULL;
}

struct history_record *story_insert(struct story *story, int file,
                                    const struct history_record *behind,
                                    struct history_record record)
{
    struct story_file *to = &story->files[file];
    size_t at = behind ? (size_t)(behind - to->records) + 1 : to->count;
    assert_true(to->count < STORY_RECORDS_MAX);
    memmove(&to->records[at + 1], &to->records[at], (to->count - at) * sizeof record);
    to->count++;
    if (record.time_ns == 0)
        record.time_ns = story->now += 10;
    to->records[at] = record;
    return &to->records[at];
}

void story_erase(struct story *story, int file, struct history_record *record)
{
    struct story_file *from = &story->files[file];
    size_t at = (size_t)(record - from->records);
    memmove(record, record + 1, (from->count - at - 1) * sizeof *record);
    from->count--;
}

static int is_delivery(const struct history_record *record, int64_t order_id)
{
    return record->kind == HISTORY_EVENT && record->order_id == order_id;
}

void story_everywhere(struct story *story, int64_t order_id,
                      void (*change)(struct history_record *delivery))
{
    for (int f = 0; f < STORY_FILES; f++)
        for (size_t i = 0; i < story->files[f].count; i++)
            if (is_delivery(&story->files[f].records[i], order_id))
                change(&story->files[f].records[i]);
}

void story_erase_everywhere(struct story *story, int64_t order_id)
{
    for (int f = 0; f < STORY_FILES; f++)
        for (size_t i = story->files[f].count; i-- > 0;)
            if (is_delivery(&story->files[f].records[i], order_id))
                story_erase(story, f, &story->files[f].records[i]);
}

static void swap_content(struct history_record *a, struct history_record *b)
{
    struct history_record old = *a;
    a->id = b->id;
    a->stream = b->stream;
    a->version = b->version;
    a->checksum = b->checksum;
    b->id = old.id;
    b->stream = old.stream;
    b->version = old.version;
    b->checksum = old.checksum;
}

void story_swap_everywhere(struct story *story, int64_t a, int64_t b)
{
    for (int f = 0; f < STORY_FILES; f++) {
        struct history_record *records = story->files[f].records;
        for (size_t i = 0; i < story->files[f].count; i++)
            for (size_t j = 0; j < story->files[f].count; j++)
                if (is_delivery(&records[i], a) && is_delivery(&records[j], b) &&
                    records[i].number == records[j].number)
                    swap_content(&records[i], &records[j]);
    }
}

uint32_t story_emit(struct story *story, int file, uint32_t client, const char *stream, int expect,
                    int64_t version, enum history_outcome outcome, int64_t told)
{
    struct history_record record = {.kind = HISTORY_EMIT,
                                    .client = client,
                                    .number = story->files[file].operations++,
                                    .count = 1,
                                    .id = story_new_id(story),
                                    .stream = history_name(stream),
                                    .expect = (uint8_t)expect,
                                    .version = version};
    story_insert(story, file, NULL, record);
    record.kind = HISTORY_EMITTED;
    record.outcome = (uint8_t)outcome;
    record.version = told;
    story_insert(story, file, NULL, record);
    return record.number;
}

int64_t story_append(struct story *story, const char *stream, struct history_id id,
                     uint64_t checksum)
{
    int64_t version = 1;
    for (size_t i = 0; i < story->files[STORY_FINAL].count; i++)
        version += story->files[STORY_FINAL].records[i].kind == HISTORY_EVENT &&
                   story->files[STORY_FINAL].records[i].stream == history_name(stream);
    struct history_record *end = story_find(story, STORY_FINAL, HISTORY_ENDED, 0);
    return story_insert(story, STORY_FINAL, end - 1,
                        (struct history_record){.kind = HISTORY_EVENT,
                                                .id = id,
                                                .stream = history_name(stream),
                                                .checksum = checksum,
                                                .order_id = ++story->order_id,
                                                .version = version})
        ->order_id;
}
