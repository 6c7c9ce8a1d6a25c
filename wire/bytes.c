/*
 * bytes.c - reference counted bytes: the count and, for bytes_new, the content live in one
 * allocation.
 */
#include "wire/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Stored, not initialised: a library that orders threads out of a sanitizer's sight may give the reference back (hazards 10). */
static void count_from_1(struct bytes *b)
{
    atomic_store_explicit(&b->refs, 1, memory_order_relaxed);
}

struct bytes *bytes_new(size_t len)
{
    if (len > SIZE_MAX - sizeof(struct bytes))
        return NULL;
    struct bytes *b = malloc(sizeof *b + len);
    if (!b)
        return NULL;
    b->data = (uint8_t *)(b + 1);
    b->len = len;
    b->release = NULL;
    b->whole = NULL;
    count_from_1(b);
    return b;
}

struct bytes *bytes_wrap(void *data, size_t len, void (*release)(void *data))
{
    struct bytes *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->data = data;
    b->len = len;
    b->release = release;
    b->whole = NULL;
    count_from_1(b);
    return b;
}

struct bytes *bytes_slice(struct bytes *whole, struct span view)
{
    struct bytes *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->data = whole->data + (view.data - whole->data);
    b->len = view.len;
    b->release = NULL;
    b->whole = bytes_ref(whole);
    count_from_1(b);
    return b;
}

struct bytes *bytes_copy(const void *data, size_t len)
{
    struct bytes *b = bytes_new(len);
    if (b && len)
        memcpy(b->data, data, len);
    return b;
}

struct bytes *bytes_ref(struct bytes *b)
{
    /* Ordered, so that whoever gives this reference back elsewhere has seen all that came before (hazards 10). */
    size_t before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    (void)before;
    return b;
}

void bytes_unref(struct bytes *b)
{
    if (!b)
        return;
    size_t before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before != 1)
        return;
    if (b->release)
        b->release(b->data);
    bytes_unref(b->whole);
    free(b);
}
