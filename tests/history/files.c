/*
 * files.c - see files.h.
 */
#include "tests/history/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/history/memory.h"

static const char ending[] = ".history";

static bool map(struct file *file, const char *path, char why[256])
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        snprintf(why, 256, "%s: %s", file->name, strerror(errno));
        return false;
    }
    file->bytes = (size_t)info.st_size;
    file->count = file->bytes / sizeof *file->records;
    if (file->count == 0) { /* killed before its first record */
        close(fd);
        return true;
    }
    void *bytes = mmap(NULL, file->bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        file->count = 0;
        snprintf(why, 256, "%s: %s", file->name, strerror(errno));
        return false;
    }
    file->records = bytes;
    if (file->records[0].kind != HISTORY_BEGIN || file->records[0].number != HISTORY_FORMAT ||
        memcmp(file->records[0].id.bytes, "muon-history", 12) != 0) {
        snprintf(why, 256, "%s: not a history of format %d", file->name, HISTORY_FORMAT);
        return false;
    }
    return true;
}

/* ---- where everything is ---- */

static bool is_invocation(int kind)
{
    return kind == HISTORY_EMIT || kind == HISTORY_READ || kind == HISTORY_ASK;
}

static bool is_return(int kind)
{
    return kind == HISTORY_EMITTED || kind == HISTORY_READ_DONE || kind == HISTORY_ANSWER;
}

static void count_numbers(struct file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        if (is_invocation(record->kind) && record->number >= file->operations)
            file->operations = record->number + 1;
        if (record->kind == HISTORY_SUBSCRIBE && record->number >= file->sessions)
            file->sessions = record->number + 1;
    }
}

static bool has_number(const struct file *file, const struct history_record *record, char why[256])
{
    bool operation = is_invocation(record->kind) || is_return(record->kind);
    uint32_t end = operation ? file->operations : file->sessions;
    if (record->number < end && end <= file->count)
        return true;
    snprintf(why, 256, "%s: record %zu has the number %u, which is not begun", file->name,
             (size_t)(record - file->records), record->number);
    return false;
}

static bool number_all(struct file *file, char why[256])
{
    count_numbers(file);
    file->invoked = memory_new(file->operations, sizeof *file->invoked);
    file->returned = memory_new(file->operations, sizeof *file->returned);
    file->begun = memory_new(file->sessions, sizeof *file->begun);
    for (size_t i = 0; i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        files_place *place = NULL;
        if (is_invocation(record->kind) || is_return(record->kind) ||
            (record->kind >= HISTORY_SUBSCRIBE && record->kind <= HISTORY_ENDED)) {
            if (!has_number(file, record, why))
                return false;
        }
        if (is_invocation(record->kind) && !file->invoked[record->number])
            place = &file->invoked[record->number];
        else if (is_return(record->kind))
            place = &file->returned[record->number];
        else if (record->kind == HISTORY_SUBSCRIBE)
            place = &file->begun[record->number];
        if (place)
            *place = (files_place)i + 1;
    }
    return true;
}

static void read_names(struct names *names, const struct file *file)
{
    char text[8 * HISTORY_PIECE];
    for (size_t i = 0; i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        if (record->kind != HISTORY_NAME || record->number > record->count ||
            record->count > sizeof text)
            continue;
        uint32_t left = record->count - record->number;
        uint32_t part = left < HISTORY_PIECE ? left : HISTORY_PIECE;
        memcpy(text + record->number, (const char *)record + offsetof(struct history_record, id),
               part);
        if (part == left)
            names_add(names, text, record->count);
    }
}

/* ---- the folder ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static void list(struct files *files, DIR *folder)
{
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t len = strlen(entry->d_name), end = sizeof ending - 1;
        if (len <= end || strcmp(entry->d_name + len - end, ending) != 0)
            continue;
        files->files = memory_more(files->files, files->count + 1, sizeof *files->files);
        files->files[files->count] = (struct file){.name = memory_new(len + 1, 1)};
        memcpy(files->files[files->count++].name, entry->d_name, len);
    }
    qsort(files->files, files->count, sizeof *files->files, by_name);
}

bool files_open(struct files *files, const char *dir, char why[256])
{
    *files = (struct files){0};
    names_init(&files->names);
    DIR *folder = opendir(dir);
    if (folder) {
        list(files, folder);
        closedir(folder);
    }
    if (files->count == 0) {
        snprintf(why, 256, "%s: no histories", dir);
        return false;
    }
    for (size_t i = 0; i < files->count; i++) {
        struct file *file = &files->files[i];
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", dir, file->name);
        if (!map(file, path, why) || !number_all(file, why))
            return false;
        read_names(&files->names, file);
    }
    return true;
}

void files_close(struct files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        struct file *file = &files->files[i];
        if (file->records)
            munmap((void *)file->records, file->bytes);
        free(file->name);
        free(file->invoked);
        free(file->returned);
        free(file->begun);
    }
    free(files->files);
    names_fini(&files->names);
}

const struct history_record *files_invoked(const struct file *file, uint32_t number)
{
    files_place place = number < file->operations ? file->invoked[number] : 0;
    return place ? &file->records[place - 1] : NULL;
}

const struct history_record *files_returned(const struct file *file, uint32_t number)
{
    files_place place = number < file->operations ? file->returned[number] : 0;
    return place ? &file->records[place - 1] : NULL;
}

enum history_outcome files_outcome(const struct file *file, uint32_t number)
{
    const struct history_record *returned = files_returned(file, number);
    return returned ? (enum history_outcome)returned->outcome : HISTORY_UNKNOWN;
}
