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

/* What begins may have any number for which there is room; the rest, those that are begun. */
static bool has_number(const struct file *file, const struct history_record *record, char why[256])
{
    size_t end = is_return(record->kind) ? file->operations : file->sessions;
    if (is_invocation(record->kind) || record->kind == HISTORY_SUBSCRIBE)
        end = file->count;
    if (record->number < end)
        return true;
    snprintf(why, 256, "%s: record %zu has the number %u, which is not begun", file->name,
             (size_t)(record - file->records), record->number);
    return false;
}

static void read_name(struct names *names, char text[8 * HISTORY_PIECE],
                      const struct history_record *record)
{
    if (record->number > record->count || record->count > 8 * HISTORY_PIECE)
        return;
    uint32_t left = record->count - record->number;
    uint32_t part = left < HISTORY_PIECE ? left : HISTORY_PIECE;
    memcpy(text + record->number, (const char *)record + offsetof(struct history_record, id), part);
    if (part == left)
        names_add(names, text, record->count);
}

static void place(struct file *file, size_t at)
{
    const struct history_record *record = &file->records[at];
    uint32_t number = record->number;
    if (is_invocation(record->kind)) {
        if (!file->invoked[number])
            file->invoked[number] = (files_place)at + 1;
        if (number >= file->operations)
            file->operations = number + 1;
    } else if (is_return(record->kind)) {
        file->returned[number] = (files_place)at + 1;
    } else if (record->kind == HISTORY_SUBSCRIBE) {
        file->begun[number] = (files_place)at + 1;
        if (number >= file->sessions)
            file->sessions = number + 1;
    }
}

static bool is_numbered(int kind)
{
    return is_invocation(kind) || is_return(kind) ||
           (kind >= HISTORY_SUBSCRIBE && kind <= HISTORY_ENDED);
}

/* The arrays have as much room as there are records, of which memory is taken only where they are filled. */
static bool number_all(struct file *file, struct names *names, char why[256])
{
    char text[8 * HISTORY_PIECE];
    file->invoked = memory_new(file->count, sizeof *file->invoked);
    file->returned = memory_new(file->count, sizeof *file->returned);
    file->begun = memory_new(file->count, sizeof *file->begun);
    for (size_t i = 0; i < file->count; i++) {
        const struct history_record *record = &file->records[i];
        if (record->kind < HISTORY_KINDS)
            file->kinds[record->kind]++;
        if (record->kind == HISTORY_NAME)
            read_name(names, text, record);
        else if (is_numbered(record->kind) && !has_number(file, record, why))
            return false;
        else
            place(file, i);
    }
    return true;
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
        if (!map(file, path, why) || !number_all(file, &files->names, why))
            return false;
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
