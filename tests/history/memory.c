/*
 * memory.c - see memory.h.
 */
#include "tests/history/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void *sure(void *memory)
{
    if (memory)
        return memory;
    fputs("history_check: no memory\n", stderr);
    exit(3);
}

void *memory_new(size_t count, size_t size)
{
    return sure(calloc(count ? count : 1, size));
}

void *memory_more(void *old, size_t count, size_t size)
{
    return sure(count > SIZE_MAX / size ? NULL : realloc(old, count * size));
}
