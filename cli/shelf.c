/*
 * shelf.c - a ring, which grows until it has the lines it may have; a cold one never drops, so that it begins at place 0 and can
 * grow by realloc for ever.
 */
#include "cli/shelf.h"

#include <stdlib.h>
#include <string.h>

void shelf_init(struct shelf *shelf, bool cold)
{
    *shelf = (struct shelf){.cold = cold};
}

void shelf_fini(struct shelf *shelf)
{
    shelf_drop(shelf, shelf->next);
    free(shelf->lines);
    shelf->lines = NULL;
}

bool shelf_is_full(const struct shelf *shelf)
{
    if (shelf->cold)
        return shelf->bytes >= SHELF_COLD_BYTES;
    return shelf->bytes >= SHELF_HOT_BYTES || shelf->next - shelf->first >= SHELF_HOT_LINES;
}

static bool make_room(struct shelf *shelf)
{
    if (shelf->next - shelf->first < shelf->capacity)
        return true;
    size_t capacity = shelf->capacity ? 2 * shelf->capacity : SHELF_HOT_LINES;
    struct shelf_line *bigger = realloc(shelf->lines, capacity * sizeof(*bigger));
    if (!bigger)
        return false;
    shelf->lines = bigger;
    shelf->capacity = capacity;
    return true;
}

bool shelf_put(struct shelf *shelf, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy || !make_room(shelf)) {
        free(copy);
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    shelf->lines[shelf->next++ % shelf->capacity] = (struct shelf_line){copy, len};
    shelf->bytes += len + sizeof(struct shelf_line);
    return true;
}

void shelf_drop(struct shelf *shelf, uint64_t before)
{
    for (; shelf->first < before && shelf->first < shelf->next; shelf->first++) {
        struct shelf_line *line = &shelf->lines[shelf->first % shelf->capacity];
        shelf->bytes -= line->len + sizeof(*line);
        free(line->text);
    }
}

const struct shelf_line *shelf_at(const struct shelf *shelf, uint64_t number)
{
    return &shelf->lines[number % shelf->capacity];
}
