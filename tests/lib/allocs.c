/*
 * allocs.c - see allocs.h.
 */
#include "tests/lib/allocs.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_bool armed, for_good, hit;
static atomic_long left_over;

void *__real_malloc(size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
FILE *__real_open_memstream(char **text, size_t *len);
void *__wrap_malloc(size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
FILE *__wrap_open_memstream(char **text, size_t *len);

static bool fails(void)
{
    if (!atomic_load(&armed))
        return false;
    long left = atomic_fetch_sub(&left_over, 1);
    bool due = left == 1 || (left < 1 && atomic_load(&for_good));
    if (due)
        atomic_store(&hit, true);
    return due;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

FILE *__wrap_open_memstream(char **text, size_t *len)
{
    return fails() ? NULL : __real_open_memstream(text, len);
}

void allocs_arm(long nth, bool all_later)
{
    atomic_store(&hit, false);
    atomic_store(&for_good, all_later);
    atomic_store(&left_over, nth);
    atomic_store(&armed, true);
}

void allocs_disarm(void)
{
    atomic_store(&armed, false);
}

bool allocs_hit(void)
{
    return atomic_load(&hit);
}
