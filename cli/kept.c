/*
 * kept.c - see kept.h.
 */
#include "cli/kept.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM_FIRST = 64 * 1024 };

static bool make_room(struct kept *kept, size_t more, muon_error *error)
{
    size_t room = kept->room ? kept->room : ROOM_FIRST;
    while (room - kept->len < more)
        room *= 2;
    uint8_t *run = realloc(kept->run, room);
    if (!run) {
        *error = (muon_error){.code = MUON_ENOMEM};
        snprintf(error->message, sizeof(error->message), "out of memory");
        return false;
    }
    kept->run = run;
    kept->room = room;
    return true;
}

bool kept_add(struct kept *kept, const muon_entry *entry, muon_error *error)
{
    size_t used, size = muon_entry_put(entry, NULL, 0);
    if (kept->room - kept->len < size && !make_room(kept, size, error))
        return false;
    muon_entry_put(entry, kept->run + kept->len, size);
    if (muon_sum_add(&kept->sum, kept->run + kept->len, size, INT64_MAX, &used, error) != MUON_OK)
        return false;
    kept->len += size;
    return true;
}

void kept_clear(struct kept *kept)
{
    kept->len = 0;
}

void kept_fini(struct kept *kept)
{
    free(kept->run);
    kept->run = NULL;
    kept->len = kept->room = 0;
}
