/*
 * progress.c - on standard error, and only on a terminal; the clock is asked, never waited for.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/out.h"
#include "cli/say.h"

#define EVERY_S 0.1

enum { BAR_WIDTH = 20, BAR_BYTES = 80, LINE_BYTES = 256 };

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

/* "[=====     ]  45 %, 12 s left", where the size of the input is known. */
static void put_bar(const struct progress *p, double seconds, char out[BAR_BYTES])
{
    double part = (double)p->done_bytes / (double)p->total_bytes;
    part = part > 1 ? 1 : part; /* a file that grows */
    int filled = (int)(part * BAR_WIDTH);
    int len = snprintf(out, BAR_BYTES, "[%.*s%*s] %3.0f %%", filled,
                       "====================", BAR_WIDTH - filled, "", part * 100);
    if (part > 0)
        snprintf(out + len, BAR_BYTES - (size_t)len, ", %.0f s left", seconds / part - seconds);
}

/* What does not fit is cut off: a line that wraps could not be drawn over. */
static void draw(const struct progress *p, double seconds)
{
    char bar[BAR_BYTES] = "", line[LINE_BYTES];
    if (p->total_bytes > 0)
        put_bar(p, seconds, bar);
    snprintf(line, sizeof(line), "%s%s%llu stored, %llu stored before, %.0f events/s", bar,
             bar[0] ? "  " : "", (unsigned long long)p->stored, (unsigned long long)p->duplicates,
             rate_of(p, seconds));
    size_t columns = out_columns(STDERR_FILENO);
    int room = columns > LINE_BYTES ? LINE_BYTES : columns > 1 ? (int)columns - 1 : 1;
    fprintf(stderr, "\r%.*s\033[K", room, line);
}

void progress_show(struct progress *p)
{
    double now = p->on_terminal ? now_s() : 0;
    if (!p->on_terminal || now - p->shown_s < EVERY_S)
        return;
    p->shown_s = now;
    p->visible = true;
    draw(p, now - p->begin_s);
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
