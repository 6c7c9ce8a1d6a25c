/*
 * bytes.h - a run of bytes with a reference count: messages, records, whatever is shared instead of copied.
 *
 * The content never changes once the second reference exists. Threads: any; the count is atomic. Whoever holds a
 * pointer through a function named *_ref or returned by *_new owns one reference, and gives it back once.
 */
#ifndef MUON_WIRE_BYTES_H
#define MUON_WIRE_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* A view of bytes owned by somebody else; data may be NULL when len is 0. */
struct span {
    const uint8_t *data;
    size_t len;
};

struct bytes {
    uint8_t *data;
    size_t len;
    atomic_size_t refs; /* use the functions */
    void (*release)(void *data);
    struct bytes *whole; /* a slice holds what it is a slice of */
};

/* len bytes, not initialised, in one allocation with the count. NULL: no memory. */
struct bytes *bytes_new(size_t len);

/* Take over data, to be given to release (e.g. free) when the last reference goes. NULL: no memory; data is still yours. */
struct bytes *bytes_wrap(void *data, size_t len, void (*release)(void *data));

/* A view of whole, which is referenced. NULL: no memory. */
struct bytes *bytes_slice(struct bytes *whole, struct span view);

struct bytes *bytes_copy(const void *data, size_t len);
struct bytes *bytes_ref(struct bytes *b);
void bytes_unref(struct bytes *b); /* NULL is fine */

static inline struct span bytes_span(const struct bytes *b)
{
    return (struct span){b->data, b->len};
}

#endif
