/*
 * plants.h - violations to be planted in a story (story.h), one at a time.
 */
#ifndef TESTS_HISTORY_PLANTS_H
#define TESTS_HISTORY_PLANTS_H

#include "tests/history/story.h"
#include "tests/history/verdict.h"

struct plant {
    const char *name;
    void (*plant)(struct story *story);
    enum violation violation;
    const char *named; /* what its line says of which operation, and where */
    int also;          /* another violation that comes with it; -1: none */
};

extern const struct plant plants[];
extern const size_t plants_count;

#endif
