/*
 * causes.c - see causes.h.
 */
#include "examples/demo/causes.h"

#include <string.h>

static void count(struct causes *causes, const char *type, const char *cause)
{
    for (int i = 0; i < CAUSES_PAIRS; i++) {
        if (!causes->pair[i].times) {
            snprintf(causes->pair[i].type, sizeof(causes->pair[i].type), "%s", type);
            snprintf(causes->pair[i].cause, sizeof(causes->pair[i].cause), "%s", cause);
        } else if (strcmp(causes->pair[i].type, type) != 0 ||
                   strcmp(causes->pair[i].cause, cause) != 0) {
            continue;
        }
        causes->pair[i].times++;
        return;
    }
}

bool causes_note(struct causes *causes, int number, const muon_event *event)
{
    int events = causes->order[number].events;
    const char *cause = event->caused_by.len == 0 && events == 0 ? "-" : NULL;
    for (int i = 0; i < events && !cause; i++)
        if (strcmp(causes->order[number].event[i].id, event->caused_by.ptr) == 0)
            cause = causes->order[number].event[i].type;
    if (!cause || events == CAUSES_EVENTS) {
        fprintf(stderr, "view: %s version %lld is caused by \"%s\", which is none of its events\n",
                event->stream.ptr, (long long)event->version, event->caused_by.ptr);
        return false;
    }
    count(causes, event->type.ptr, cause);
    snprintf(causes->order[number].event[events].id, WORDS_ID_BYTES, "%s", event->event_id.ptr);
    snprintf(causes->order[number].event[events].type, 32, "%s", event->type.ptr);
    causes->order[number].events++;
    return true;
}

void causes_print(FILE *out, const struct causes *causes)
{
    for (int i = 0; i < CAUSES_PAIRS && causes->pair[i].times; i++)
        fprintf(out, "%s %s %lld\n", causes->pair[i].type, causes->pair[i].cause,
                causes->pair[i].times);
}
