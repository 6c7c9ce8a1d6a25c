/*
 * causes.c - see causes.h.
 */
#include "cli/causes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, ORDER_ID_BYTES = 24 };

bool causes_init(struct causes *causes)
{
    *causes = (struct causes){.known = json_object()};
    return causes->known != NULL;
}

void causes_fini(struct causes *causes)
{
    for (size_t i = 0; i < causes->len; i++)
        free(causes->all[i].stream);
    free(causes->all);
    json_decref(causes->known);
}

/* A cause is an event id, or an order id in decimal. */
static size_t find(const struct causes *causes, muon_str name)
{
    json_t *index = name.len ? json_object_getn(causes->known, name.ptr, name.len) : NULL;
    return index ? (size_t)json_integer_value(index) : CAUSES_NONE;
}

bool causes_has_cause(const struct causes *causes, const muon_event *event)
{
    return find(causes, event->caused_by) != CAUSES_NONE;
}

static char *keep(char **at, muon_str text)
{
    char *kept = *at;
    if (text.len)
        memcpy(kept, text.ptr, text.len);
    kept[text.len] = '\0';
    *at += text.len + 1;
    return kept;
}

/* All texts in one block, which begins with the stream's name. */
static bool keep_texts(struct cause *cause, const muon_event *event)
{
    const muon_str texts[] = {event->stream,  event->type,      event->event_id,
                              event->service, event->caused_by, event->caused_by_relation};
    char **kept[] = {&cause->stream,  &cause->type,      &cause->event_id,
                     &cause->service, &cause->caused_by, &cause->relation};
    enum { TEXTS = sizeof texts / sizeof *texts };
    size_t bytes = TEXTS;
    for (size_t i = 0; i < TEXTS; i++)
        bytes += texts[i].len;
    char *at = malloc(bytes);
    if (!at)
        return false;
    for (size_t i = 0; i < TEXTS; i++)
        *kept[i] = keep(&at, texts[i]);
    return true;
}

static bool make_room(struct causes *causes)
{
    if (causes->len < causes->room)
        return true;
    size_t room = causes->room ? 2 * causes->room : FIRST_ROOM;
    struct cause *all = realloc(causes->all, room * sizeof(*all));
    if (!all)
        return false;
    causes->all = all;
    causes->room = room;
    return true;
}

/* The first that has a name keeps it. */
static bool know(struct causes *causes, const char *name, size_t index)
{
    return json_object_get(causes->known, name) ||
           json_object_set_new_nocheck(causes->known, name, json_integer((json_int_t)index)) == 0;
}

static void link_below(struct causes *causes, size_t parent, size_t index)
{
    struct cause *cause = &causes->all[parent];
    causes->all[index].previous = cause->last;
    if (cause->last == CAUSES_NONE)
        cause->first = index;
    else
        causes->all[cause->last].next = index;
    cause->last = index;
}

bool causes_add(struct causes *causes, const muon_event *event)
{
    char order_id[ORDER_ID_BYTES];
    size_t index = causes->len;
    size_t parent = index ? find(causes, event->caused_by) : CAUSES_NONE;
    struct cause cause = {.order_id = event->order_id,
                          .version = event->version,
                          .time_ms = event->time_ms,
                          .parent = parent,
                          .first = CAUSES_NONE,
                          .last = CAUSES_NONE,
                          .previous = CAUSES_NONE,
                          .next = CAUSES_NONE};
    snprintf(order_id, sizeof(order_id), "%lld", (long long)event->order_id);
    if (!make_room(causes) || !keep_texts(&cause, event))
        return false;
    causes->all[causes->len++] = cause;
    if (parent != CAUSES_NONE)
        link_below(causes, parent, index);
    return know(causes, order_id, index) && know(causes, cause.event_id, index);
}
