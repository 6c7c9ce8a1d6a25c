/*
 * bar.c - on standard error, and only on a terminal; the clock is asked, never waited for.
 */
#include "cli/bar.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/out.h"

#define EVERY_S 0.1

enum { BAR_WIDTH = 20, BAR_BYTES = 80, TEXT_BYTES = 160, LINE_BYTES = 256 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bar_begin(struct bar *bar, const struct args *args, const char *done)
{
    *bar = (struct bar){.args = args,
                        .done = done,
                        .begin_s = now_s(),
                        .on_terminal = isatty(STDERR_FILENO) && !args->quiet && !args->json};
}

double bar_seconds(const struct bar *bar)
{
    return now_s() - bar->begin_s;
}

static double share_of(const struct bar *bar)
{
    if (bar->at <= bar->from)
        return 0;
    double share = (double)(bar->at - bar->from) / (double)(bar->to - bar->from);
    return share < 1 ? share : 1; /* a file that grows */
}

/* ", 12 s left", ", 1:02:03 left" */
static void put_left(char *out, size_t size, double seconds)
{
    unsigned long left = seconds < 359999 ? (unsigned long)(seconds + 0.5) : 359999;
    if (left >= 3600)
        snprintf(out, size, ", %lu:%02lu:%02lu left", left / 3600, left / 60 % 60, left % 60);
    else if (left >= 100)
        snprintf(out, size, ", %lu:%02lu left", left / 60, left % 60);
    else
        snprintf(out, size, ", %lu s left", left);
}

/* "[=====     ]  45 %, 12 s left" */
static void put_bar(const struct bar *bar, char out[BAR_BYTES])
{
    double share = share_of(bar);
    int filled = (int)(share * BAR_WIDTH);
    int len = snprintf(out, BAR_BYTES, "[%.*s%*s] %3.0f %%", filled,
                       "====================", BAR_WIDTH - filled, "", share * 100);
    if (share > 0)
        put_left(out + len, BAR_BYTES - (size_t)len, bar_seconds(bar) * (1 - share) / share);
}

/* What does not fit is cut off: a line that wraps could not be drawn over. */
void bar_draw(struct bar *bar, const char *text)
{
    char cells[BAR_BYTES] = "", line[LINE_BYTES];
    if (bar->to > bar->from)
        put_bar(bar, cells);
    snprintf(line, sizeof(line), "%s%s%s", cells, cells[0] ? "  " : "", text);
    size_t columns = out_columns(STDERR_FILENO);
    int room = columns > LINE_BYTES ? LINE_BYTES : columns > 1 ? (int)columns - 1 : 1;
    fprintf(stderr, "\r%.*s\033[K", room, line);
    bar->visible = true;
}

bool bar_is_due(struct bar *bar)
{
    double now = bar->on_terminal ? now_s() : 0;
    if (!bar->on_terminal || now - bar->shown_s < EVERY_S)
        return false;
    bar->shown_s = now;
    return true;
}

void bar_show(struct bar *bar)
{
    char text[TEXT_BYTES];
    if (!bar_is_due(bar))
        return;
    snprintf(text, sizeof(text), "%llu events %s, %.0f events/s", (unsigned long long)bar->events,
             bar->done, (double)bar->events / bar_seconds(bar));
    bar_draw(bar, text);
}

void bar_hide(struct bar *bar)
{
    if (bar->visible)
        fputs("\r\033[K", stderr);
    bar->visible = false;
}

double bar_end(struct bar *bar)
{
    bar_hide(bar);
    return bar_seconds(bar);
}
