/*
 * due.c - see due.h. A binary heap of pointers; each entry knows its place.
 */
#include "bus/due.h"

#include <stdlib.h>

static void put(struct dues *dues, size_t place, struct due *due)
{
    dues->heap[place - 1] = due;
    due->place = place;
}

static void rise(struct dues *dues, struct due *due)
{
    size_t place = due->place;
    while (place > 1 && dues->heap[place / 2 - 1]->due_ms > due->due_ms) {
        put(dues, place, dues->heap[place / 2 - 1]);
        place /= 2;
    }
    put(dues, place, due);
}

static void sink(struct dues *dues, struct due *due)
{
    size_t place = due->place;
    for (;;) {
        size_t child = 2 * place;
        if (child < dues->len && dues->heap[child]->due_ms < dues->heap[child - 1]->due_ms)
            child++;
        if (child > dues->len || dues->heap[child - 1]->due_ms >= due->due_ms)
            break;
        put(dues, place, dues->heap[child - 1]);
        place = child;
    }
    put(dues, place, due);
}

bool due_set(struct dues *dues, struct due *due, int64_t due_ms)
{
    if (!due->place) {
        if (dues->len == dues->room) {
            size_t room = dues->room ? 2 * dues->room : 64;
            struct due **grown = realloc(dues->heap, room * sizeof *grown);
            if (!grown)
                return false;
            dues->heap = grown;
            dues->room = room;
        }
        put(dues, ++dues->len, due);
    }
    due->due_ms = due_ms;
    rise(dues, due);
    sink(dues, due);
    return true;
}

void due_remove(struct dues *dues, struct due *due)
{
    size_t place = due->place;
    if (!place)
        return;
    struct due *last = dues->heap[--dues->len];
    due->place = 0;
    if (last == due)
        return;
    put(dues, place, last);
    rise(dues, last);
    sink(dues, last);
}

struct due *due_first(const struct dues *dues)
{
    return dues->len ? dues->heap[0] : NULL;
}

void due_fini(struct dues *dues)
{
    free(dues->heap);
    *dues = (struct dues){0};
}
