/*
 * progress.c - on standard error, and only on a terminal; the clock is asked, never waited for.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/say.h"

#define EVERY_S 0.1

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(struct progress *progress, const struct args *args)
{
    *progress = (struct progress){
        .args = args,
        .begin_s = now_s(),
        .on_terminal = isatty(STDERR_FILENO) && !args->quiet && !args->json,
    };
}

static double rate_of(const struct progress *p, double seconds)
{
    return seconds > 0 ? (double)(p->stored + p->duplicates) / seconds : 0;
}

void progress_show(struct progress *p)
{
    double now = p->on_terminal ? now_s() : 0;
    if (!p->on_terminal || now - p->shown_s < EVERY_S)
        return;
    p->shown_s = now;
    p->visible = true;
    fprintf(stderr, "\r%llu stored, %llu stored before, %.0f events/s\033[K",
            (unsigned long long)p->stored, (unsigned long long)p->duplicates,
            rate_of(p, now - p->begin_s));
}

void progress_hide(struct progress *p)
{
    if (p->visible)
        fputs("\r\033[K", stderr);
    p->visible = false;
}

void progress_end(struct progress *p)
{
    double seconds = now_s() - p->begin_s;
    progress_hide(p);
    if (p->args->json)
        printf("{\"stored\":%llu,\"duplicates\":%llu,\"failed\":%llu,\"seconds\":%.3f}\n",
               (unsigned long long)p->stored, (unsigned long long)p->duplicates,
               (unsigned long long)p->failed, seconds);
    else
        say_note(p->args, "%llu stored, %llu stored before, %llu failed (%.1f s, %.0f events/s)",
                 (unsigned long long)p->stored, (unsigned long long)p->duplicates,
                 (unsigned long long)p->failed, seconds, rate_of(p, seconds));
}
