/*
 * terminal.h - a terminal that is drawn on for a while: it is left as it was, however it ends.
 *
 * terminal_open comes before there are other threads, which inherit its mask of signals.
 */
#ifndef MUON_CLI_TERMINAL_H
#define MUON_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
    bool drawn; /* entered, and a terminal */
    int signals;
    struct termios before;
};

enum terminal_event {
    TERMINAL_TIME,    /* the time is over */
    TERMINAL_RESIZED, /* it has another size */
    TERMINAL_END      /* q, Ctrl-C, SIGTERM; or the terminal is gone */
};

/* From now on signals are waited for. false: no descriptor is left. */
bool terminal_open(struct terminal *terminal);
void terminal_close(struct terminal *terminal); /* leaves it, too */

/* Draw on it, if both standard input and standard output are a terminal; and leave it as it was before. */
void terminal_enter(struct terminal *terminal);
void terminal_leave(struct terminal *terminal);

enum terminal_event terminal_wait(struct terminal *terminal, int64_t timeout_ms);

/* The whole picture: lines, cut to the terminal's width and height. false: the terminal is gone. */
bool terminal_draw(struct terminal *terminal, const char *text);

#endif
