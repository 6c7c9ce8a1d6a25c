/*
 * interrupts.h - Ctrl-C as something to be polled for, so that what was begun can be brought to its end.
 */
#ifndef MUON_CLI_INTERRUPTS_H
#define MUON_CLI_INTERRUPTS_H

#include <stdbool.h>

/* Before there are other threads, which inherit it: from now on SIGINT, and SIGTERM if wanted, make the descriptor readable
 * instead of ending the program. -1: there is none, and they end the program as ever. */
int interrupts_open(bool sigterm_too);

/* It is readable: was it a signal? Closes *fd and sets it to -1; the next signal ends the program. */
bool interrupts_take(int *fd);

#endif
