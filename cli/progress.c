/*
 * progress.c - see progress.h.
 */
#include "cli/progress.h"

#include <stdio.h>

#include "cli/say.h"

enum { TEXT_BYTES = 160 };

void progress_begin(struct progress *progress, const struct args *args)
{
    *progress = (struct progress){0};
    bar_begin(&progress->bar, args, NULL);
}

static double rate_of(const struct progress *p, double seconds)
{
    return seconds > 0 ? (double)(p->stored + p->duplicates) / seconds : 0;
}

void progress_show(struct progress *p)
{
    char text[TEXT_BYTES];
    if (!bar_is_due(&p->bar))
        return;
    snprintf(text, sizeof(text), "%llu stored, %llu stored before, %.0f events/s",
             (unsigned long long)p->stored, (unsigned long long)p->duplicates,
             rate_of(p, bar_seconds(&p->bar)));
    bar_draw(&p->bar, text);
}

void progress_hide(struct progress *p)
{
    bar_hide(&p->bar);
}

void progress_end(struct progress *p)
{
    double seconds = bar_end(&p->bar);
    if (p->bar.args->json)
        printf("{\"stored\":%llu,\"duplicates\":%llu,\"failed\":%llu,\"seconds\":%.3f}\n",
               (unsigned long long)p->stored, (unsigned long long)p->duplicates,
               (unsigned long long)p->failed, seconds);
    else
        say_note(p->bar.args,
                 "%llu stored, %llu stored before, %llu failed (%.1f s, %.0f events/s)",
                 (unsigned long long)p->stored, (unsigned long long)p->duplicates,
                 (unsigned long long)p->failed, seconds, rate_of(p, seconds));
}
