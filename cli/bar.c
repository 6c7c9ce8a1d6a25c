/*
 * bar.c - on standard error, and only on a terminal; the clock is asked, never waited for. The width is asked for each time, since a
 * terminal may be resized.
 */
#include "cli/bar.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define EVERY_S 0.1
enum { BAR_CELLS_MAX = 30, TEXT_BYTES = 160 };

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

static int columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

static double share_of(const struct bar *bar)
{
    if (bar->to <= bar->from || bar->at <= bar->from)
        return 0;
    double share = (double)(bar->at - bar->from) / (double)(bar->to - bar->from);
    return share < 1 ? share : 1;
}

/* "1:02:03 left" */
static void put_left(char *out, size_t size, double seconds)
{
    unsigned long left = seconds < 359999 ? (unsigned long)seconds : 359999;
    if (left >= 3600)
        snprintf(out, size, ", %lu:%02lu:%02lu left", left / 3600, left / 60 % 60, left % 60);
    else
        snprintf(out, size, ", %lu:%02lu left", left / 60, left % 60);
}

static void draw(const struct bar *bar, double seconds)
{
    char text[TEXT_BYTES], left[32] = "", cells[BAR_CELLS_MAX + 1];
    double share = share_of(bar);
    if (share > 0)
        put_left(left, sizeof(left), seconds * (1 - share) / share);
    int len =
        snprintf(text, sizeof(text), "%llu events %s, %.0f/s%s", (unsigned long long)bar->events,
                 bar->done, seconds > 0 ? (double)bar->events / seconds : 0, left);
    int room = columns() - 1 - len - 8; /* "[] 100% " */
    room = room < BAR_CELLS_MAX ? room : BAR_CELLS_MAX;
    if (bar->to <= bar->from || room < 3) {
        fprintf(stderr, "\r%.*s\033[K", columns() - 1, text);
        return;
    }
    for (int i = 0; i < room; i++)
        cells[i] = i < (int)(share * room) ? '=' : ' ';
    cells[room] = '\0';
    fprintf(stderr, "\r[%s] %3.0f%% %s\033[K", cells, share * 100, text);
}

void bar_show(struct bar *bar)
{
    double now = bar->on_terminal ? now_s() : 0;
    if (!bar->on_terminal || now - bar->shown_s < EVERY_S)
        return;
    bar->shown_s = now;
    bar->visible = true;
    draw(bar, now - bar->begin_s);
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
    return now_s() - bar->begin_s;
}
