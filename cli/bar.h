/*
 * bar.h - how far a long piece of work is: on a terminal a line with a bar, the time that is left and how fast it goes.
 */
#ifndef MUON_CLI_BAR_H
#define MUON_CLI_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/args.h"

struct bar {
    const struct args *args;
    const char *done;      /* "backed up": what has happened to the events */
    uint64_t events;       /* the caller counts */
    uint64_t from, to, at; /* how far: in any unit that grows with the work. from = to: not known */
    double begin_s, shown_s;
    bool on_terminal, visible;
};

/* done NULL: the caller draws a text of its own. */
void bar_begin(struct bar *bar, const struct args *args, const char *done);

/* Draw the line, if somebody watches and it is time: as wide as the terminal is at that moment. */
void bar_show(struct bar *bar);

/* The same in two steps, with a text of the caller's behind the bar. */
bool bar_is_due(struct bar *bar);
void bar_draw(struct bar *bar, const char *text);

/* Wipe the line, so that something else can be said. */
void bar_hide(struct bar *bar);

/* The seconds since it began. */
double bar_seconds(const struct bar *bar);

/* The same, after wiping the line. */
double bar_end(struct bar *bar);

#endif
