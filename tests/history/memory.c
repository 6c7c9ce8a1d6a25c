/*
 * memory.c - see memory.h.
 */
#include "tests/history/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static void *sure(void *memory)
{
    if (memory)
        return memory;
    fputs("history_check: no memory\n", stderr);
    exit(3);
}

/* Hash tables of some hundred MiB are looked up all over: in small pages each look-up would first look for its page. */
static void use_large_pages(void *memory, size_t bytes)
{
    enum { LARGE = 4 << 20, PAGE = 4096 };
    uintptr_t begin = ((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = ((uintptr_t)memory + bytes) & ~(uintptr_t)(PAGE - 1);
    if (bytes >= LARGE)
        (void)!madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

void *memory_new(size_t count, size_t size)
{
    void *memory = sure(calloc(count ? count : 1, size));
    use_large_pages(memory, count * size);
    return memory;
}

void *memory_more(void *old, size_t count, size_t size)
{
    return sure(count > SIZE_MAX / size ? NULL : realloc(old, count * size));
}
