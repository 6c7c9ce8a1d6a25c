/*
 * parts.h - a message in the making: runs of bytes that are sent one after the other. What stays where it is is referenced,
 * the rest is copied together. Threads: one at a time.
 */
#ifndef PHOTON_PARTS_H
#define PHOTON_PARTS_H

#include <stdbool.h>

#include "wire/bytes.h"

enum { PARTS_MAX = 64 };
/* All-zero is empty. */
struct parts {
    struct bytes *part[PARTS_MAX];
    size_t len;    /* parts that are closed */
    size_t bytes;  /* in all */
    size_t events; /* in them, as far as their maker counts them */
    uint8_t *open; /* what is being copied together, behind the closed ones */
    size_t open_len, open_size;
};

/* Append a copy; append a view of whole, by reference. false: no memory, and nothing has changed. */
bool parts_copy(struct parts *parts, struct span data);
bool parts_ref(struct parts *parts, struct bytes *whole, struct span view);

/* Append len bytes, which the caller fills at once. NULL: no memory, and nothing has changed. */
uint8_t *parts_room(struct parts *parts, size_t len);

/* Nothing more will come: part[0] to part[len - 1] are the message. false: no memory. */
bool parts_close(struct parts *parts);
/* Give everything back; empty again. */
void parts_clear(struct parts *parts);

#endif
