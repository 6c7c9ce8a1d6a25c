/*
 * link.c - a heap of packets by the time they arrive.
 */
#include "tests/soak/network/link.h"

#include <stdlib.h>
#include <string.h>

enum { PACKETS_MAX = 8192 };

/* xorshift64*: the same seed, the same fate of the n-th packet. */
static uint64_t next(uint64_t *random)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return *random * 0x2545f4914f6cdd1d >> 16;
}

static bool happens(int in_a_thousand, uint64_t *random)
{
    return in_a_thousand > 0 && next(random) % 1000 < (uint64_t)in_a_thousand;
}

static bool before(const struct packet *a, const struct packet *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void swap(struct packet *a, struct packet *b)
{
    struct packet kept = *a;
    *a = *b;
    *b = kept;
}

static void push(struct link *link, const uint8_t *bytes, size_t len, int64_t due_ms)
{
    uint8_t *copy = malloc(len);
    if (!link->heap)
        link->heap = malloc(PACKETS_MAX * sizeof *link->heap);
    if (!link->heap || !copy || link->len == PACKETS_MAX) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, len);
    size_t at = link->len++;
    link->heap[at] = (struct packet){due_ms, link->numbers++, len, copy};
    for (; at > 0 && before(&link->heap[at], &link->heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&link->heap[at], &link->heap[(at - 1) / 2]);
}

void link_put(struct link *link, const uint8_t *bytes, size_t len, int64_t now_ms, uint64_t *random)
{
    const struct fault *fault = &link->fault;
    if (happens(fault->lost, random))
        return;
    for (int copies = happens(fault->twice, random) ? 2 : 1; copies > 0; copies--) {
        uint64_t jitter = fault->jitter_ms ? next(random) % (uint64_t)fault->jitter_ms : 0;
        push(link, bytes, len, now_ms + fault->delay_ms + (int64_t)jitter);
    }
}

bool link_take(struct link *link, int64_t now_ms, struct packet *out)
{
    if (link_due_ms(link) > now_ms)
        return false;
    *out = link->heap[0];
    link->heap[0] = link->heap[--link->len];
    for (size_t at = 0, child; (child = 2 * at + 1) < link->len; at = child) {
        if (child + 1 < link->len && before(&link->heap[child + 1], &link->heap[child]))
            child++;
        if (!before(&link->heap[child], &link->heap[at]))
            break;
        swap(&link->heap[at], &link->heap[child]);
    }
    return true;
}

int64_t link_due_ms(const struct link *link)
{
    return link->len > 0 ? link->heap[0].due_ms : INT64_MAX;
}
