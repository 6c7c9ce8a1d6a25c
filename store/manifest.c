/*
 * manifest.c - see manifest.h.
 */
#include "store/manifest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/little.h"
#include "store/logwalk.h"

/* A change that is not durable is one append. */
enum { TORN_BYTES_MAX = 2 * LOGWALK_BLOCK_BYTES };

/* The fields of a change; 8 is not used any more. */
enum tag {
    TAG_COMPARATOR = 1,
    TAG_LOG_NUMBER = 2,
    TAG_NEXT_FILE_NUMBER = 3,
    TAG_LAST_SEQUENCE = 4,
    TAG_COMPACT_POINTER = 5,
    TAG_DELETED_FILE = 6,
    TAG_NEW_FILE = 7,
    TAG_PREV_LOG_NUMBER = 9
};

/* ---- changes ---- */

/* A table comes, or goes. */
struct step {
    uint64_t number;
    uint32_t place; /* of all steps */
    bool comes;
};

struct reading {
    uint64_t log;
    bool log_seen, next_file_seen, last_sequence_seen; /* LevelDB wants all of them */
    struct step *steps;
    size_t len, room;
    bool no_memory;
};

static bool take_text(struct span *rest)
{
    uint32_t len;
    if (!little_varint(rest, &len) || len > rest->len)
        return false;
    rest->data += len;
    rest->len -= len;
    return true;
}

static bool add_step(struct reading *reading, uint64_t number, bool comes)
{
    if (reading->len == reading->room) {
        size_t room = reading->room * 2 + 64;
        struct step *steps =
            room < UINT32_MAX ? realloc(reading->steps, room * sizeof *steps) : NULL;
        if (!steps) {
            reading->no_memory = true;
            return false;
        }
        reading->steps = steps;
        reading->room = room;
    }
    reading->steps[reading->len] = (struct step){number, (uint32_t)reading->len, comes};
    reading->len++;
    return true;
}

static bool take_new_file(struct reading *reading, struct span *rest)
{
    uint32_t level;
    uint64_t number, size;
    return little_varint(rest, &level) && little_varint64(rest, &number) &&
           little_varint64(rest, &size) && take_text(rest) && take_text(rest) &&
           add_step(reading, number, true);
}

static bool take_deleted_file(struct reading *reading, struct span *rest)
{
    uint32_t level;
    uint64_t number;
    return little_varint(rest, &level) && little_varint64(rest, &number) &&
           add_step(reading, number, false);
}

static bool take_field(struct reading *reading, struct span *rest)
{
    uint32_t tag, level;
    uint64_t number;
    if (!little_varint(rest, &tag))
        return false;
    switch (tag) {
    case TAG_COMPARATOR:
        return take_text(rest);
    case TAG_LOG_NUMBER:
        reading->log_seen = true;
        return little_varint64(rest, &reading->log);
    case TAG_NEXT_FILE_NUMBER:
        reading->next_file_seen = true;
        return little_varint64(rest, &number);
    case TAG_LAST_SEQUENCE:
        reading->last_sequence_seen = true;
        return little_varint64(rest, &number);
    case TAG_COMPACT_POINTER:
        return little_varint(rest, &level) && take_text(rest);
    case TAG_DELETED_FILE:
        return take_deleted_file(reading, rest);
    case TAG_NEW_FILE:
        return take_new_file(reading, rest);
    case TAG_PREV_LOG_NUMBER:
        return little_varint64(rest, &number);
    default:
        return false;
    }
}

static bool take_change(struct reading *reading, struct span change)
{
    while (change.len > 0)
        if (!take_field(reading, &change))
            return false;
    return true;
}

/* All changes of a walk in which every part is sound; entry has room for all of it. */
static bool take_changes(struct reading *reading, struct logwalk *walk, uint8_t *entry)
{
    size_t len = 0;
    for (enum logwalk_part part; (part = logwalk_next(walk)) != LOGWALK_NONE;) {
        memcpy(entry + len, walk->body.data, walk->body.len);
        len += walk->body.len;
        if (part != LOGWALK_FULL && part != LOGWALK_LAST)
            continue;
        if (!take_change(reading, (struct span){entry, len}))
            return false;
        len = 0;
    }
    return reading->log_seen && reading->next_file_seen && reading->last_sequence_seen;
}

/* By number, then by place. */
static int compare_steps(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

/* The tables whose last step was to come: one that only moves to another level goes and comes in one change, in this order. */
static bool take_tables(struct reading *reading, struct manifest_files *files)
{
    files->tables = malloc((reading->len + 1) * sizeof *files->tables);
    if (!files->tables) {
        reading->no_memory = true;
        return false;
    }
    if (reading->len > 0)
        qsort(reading->steps, reading->len, sizeof *reading->steps, compare_steps);
    for (size_t i = 0; i < reading->len; i++) {
        const struct step *step = &reading->steps[i];
        bool last = i + 1 == reading->len || step[1].number != step->number;
        if (last && step->comes)
            files->tables[files->tables_len++] = step->number;
    }
    return true;
}

/* ---- the file ---- */

/* Does a change begin behind the place where a part is broken? Then what is broken had been written, and more after it. */
static bool begins_behind(struct logwalk *walk, size_t broken)
{
    for (size_t at = broken + 1; at < walk->len; at++) {
        walk->at = at;
        enum logwalk_part part = logwalk_next(walk);
        if (part == LOGWALK_FULL || part == LOGWALK_FIRST)
            return true;
    }
    return false;
}

enum manifest_state manifest_read(const uint8_t *data, size_t len, struct manifest_files *files)
{
    struct logwalk walk;
    *files = (struct manifest_files){.log_number = 0};
    logwalk_begin(&walk, data, len);
    files->whole = logwalk_whole(&walk);
    if (len - files->whole > TORN_BYTES_MAX || begins_behind(&walk, walk.at))
        return MANIFEST_DAMAGED;
    uint8_t *entry = malloc(files->whole + 1);
    struct reading reading = {.no_memory = !entry};
    logwalk_begin(&walk, data, files->whole);
    bool told = entry && take_changes(&reading, &walk, entry) && take_tables(&reading, files);
    files->log_number = reading.log;
    free(reading.steps);
    free(entry);
    if (!told)
        return reading.no_memory ? MANIFEST_NO_MEMORY : MANIFEST_UNKNOWN;
    return files->whole < len ? MANIFEST_TORN : MANIFEST_WHOLE;
}

void manifest_files_free(struct manifest_files *files)
{
    free(files->tables);
    *files = (struct manifest_files){.log_number = 0};
}

static bool is_there(int dir_fd, const char *kind, uint64_t number, struct manifest *manifest)
{
    struct stat is;
    snprintf(manifest->missing, sizeof manifest->missing, "%06" PRIu64 ".%s", number, kind);
    return fstatat(dir_fd, manifest->missing, &is, 0) == 0;
}

static bool all_there(int dir_fd, const struct manifest_files *files, struct manifest *manifest)
{
    if (files->log_number > 0 && !is_there(dir_fd, "log", files->log_number, manifest))
        return false;
    for (size_t i = 0; i < files->tables_len; i++)
        if (!is_there(dir_fd, "ldb", files->tables[i], manifest))
            return false;
    return true;
}

/* The MANIFEST that CURRENT names. NULL: why there is none. */
static uint8_t *read_current(int dir_fd, struct manifest *manifest, size_t *len,
                             enum manifest_state *why)
{
    *manifest = (struct manifest){.whole = 0};
    *why = MANIFEST_UNKNOWN;
    int fd = openat(dir_fd, "CURRENT", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, manifest->name, sizeof manifest->name - 1);
    if (fd >= 0)
        close(fd);
    if (got < 2 || manifest->name[got - 1] != '\n')
        return NULL;
    manifest->name[got - 1] = '\0';
    struct stat is;
    uint8_t *data = NULL;
    fd = openat(dir_fd, manifest->name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) && is.st_size > 0) {
        data = malloc(*len = (size_t)is.st_size);
        *why = data ? MANIFEST_UNKNOWN : MANIFEST_NO_MEMORY;
    }
    if (data && pread(fd, data, *len, 0) != (ssize_t)*len) {
        free(data);
        data = NULL;
    }
    if (fd >= 0)
        close(fd);
    return data;
}

enum manifest_state manifest_look(int dir_fd, struct manifest *manifest)
{
    struct manifest_files files;
    size_t len;
    enum manifest_state state;
    uint8_t *data = read_current(dir_fd, manifest, &len, &state);
    if (data)
        state = manifest_read(data, len, &files);
    free(data);
    if (state != MANIFEST_WHOLE && state != MANIFEST_TORN)
        return state;
    manifest->whole = files.whole;
    if (!all_there(dir_fd, &files, manifest))
        state = MANIFEST_BEHIND;
    manifest_files_free(&files);
    return state;
}
