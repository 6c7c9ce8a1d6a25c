/*
 * names.h - the streams and patterns of a history, numbered in the order in which they are met.
 */
#ifndef TESTS_HISTORY_NAMES_H
#define TESTS_HISTORY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_NONE = UINT32_MAX };

struct names {
    char **texts;
    uint64_t *values; /* history_name of each */
    uint32_t count, room;
    uint32_t *slots;
    uint32_t mask;
};

void names_init(struct names *names);
void names_fini(struct names *names);
void names_add(struct names *names, const char *text, size_t len);
/* NAMES_NONE: never met. */
uint32_t names_find(const struct names *names, uint64_t value);
const char *names_text(const struct names *names, uint32_t name);

bool names_is_pattern(const char *text); /* or "__all__" */
/* Is the stream what a subscription to this name or pattern is about? */
bool names_match(const char *pattern, const char *stream);

#endif
