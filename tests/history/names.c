/*
 * names.c - see names.h. The matching is written anew on purpose: what is tested must not test itself.
 */
#include "tests/history/names.h"

#include <stdlib.h>
#include <string.h>

#include "tests/history/history.h"
#include "tests/history/memory.h"

enum { SLOTS = 1024 };

void names_init(struct names *names)
{
    *names = (struct names){.mask = SLOTS - 1};
    names->slots = memory_new(SLOTS, sizeof *names->slots);
}

void names_fini(struct names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free(names->texts[i]);
    free(names->texts);
    free(names->values);
    free(names->slots);
}

static uint32_t *slot_of(const struct names *names, uint64_t value)
{
    uint32_t at = (uint32_t)value & names->mask;
    while (names->slots[at] && names->values[names->slots[at] - 1] != value)
        at = (at + 1) & names->mask;
    return &names->slots[at];
}

static void grow(struct names *names)
{
    free(names->slots);
    names->mask = names->mask * 2 + 1;
    names->slots = memory_new((size_t)names->mask + 1, sizeof *names->slots);
    for (uint32_t i = 0; i < names->count; i++)
        *slot_of(names, names->values[i]) = i + 1;
}

void names_add(struct names *names, const char *text, size_t len)
{
    char *copy = memory_new(len + 1, 1);
    memcpy(copy, text, len);
    uint64_t value = history_name(copy);
    if (names_find(names, value) != NAMES_NONE) {
        free(copy);
        return;
    }
    if (names->count == names->room) {
        names->room = names->room ? names->room * 2 : 64;
        names->texts = memory_more(names->texts, names->room, sizeof *names->texts);
        names->values = memory_more(names->values, names->room, sizeof *names->values);
    }
    names->texts[names->count] = copy;
    names->values[names->count++] = value;
    if (names->count > names->mask / 2)
        grow(names);
    else
        *slot_of(names, value) = names->count;
}

uint32_t names_find(const struct names *names, uint64_t value)
{
    return *slot_of(names, value) - 1;
}

const char *names_text(const struct names *names, uint32_t name)
{
    return name < names->count ? names->texts[name] : "(a stream without a name)";
}

bool names_is_pattern(const char *text)
{
    return strcmp(text, "__all__") == 0 || strstr(text, "**");
}

static bool match_here(const char *pattern, const char *stream)
{
    const char *stars = strstr(pattern, "**");
    if (!stars)
        return strcmp(pattern, stream) == 0;
    size_t before = (size_t)(stars - pattern);
    if (strncmp(pattern, stream, before) != 0)
        return false;
    for (const char *rest = stream + before;; rest++) {
        if (match_here(stars + 2, rest))
            return true;
        if (!*rest)
            return false;
    }
}

bool names_match(const char *pattern, const char *stream)
{
    if (strcmp(pattern, "__all__") == 0)
        return true;
    if (strstr(pattern, "**") && strncmp(stream, "__", 2) == 0)
        return false;
    return match_here(pattern, stream);
}
