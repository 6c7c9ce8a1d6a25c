/*
 * signals.h - the signals that steer photond, taken by one thread that waits for them: no handler ever runs.
 */
#ifndef PHOTON_SIGNALS_H
#define PHOTON_SIGNALS_H

/* Before the first thread is made, which inherits it: SIGTERM, SIGINT, SIGHUP and SIGUSR1 (which is ours) wait for signals_wait, and SIGPIPE is
 * ignored. */
void signals_block(void);

enum signals_event {
    SIGNALS_STOP,   /* SIGTERM, SIGINT */
    SIGNALS_RELOAD, /* SIGHUP */
    SIGNALS_WOKEN   /* signals_wake */
};
/* Wait for the next one. One thread. */
enum signals_event signals_wait(void);
/* Make signals_wait return. Any thread. */
void signals_wake(void);

#endif
