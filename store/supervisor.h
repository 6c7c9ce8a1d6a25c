/*
 * supervisor.h - telling a service manager how photond is, by the protocol of sd_notify(3): datagrams to $NOTIFY_SOCKET. Where that is not
 * set, nothing happens. Any thread; nothing waits.
 */
#ifndef PHOTON_SUPERVISOR_H
#define PHOTON_SUPERVISOR_H

#include <stdint.h>

void supervisor_ready(void);
void supervisor_reloading(void); /* until supervisor_ready */
/* It ends, and may take this long and a moment. */
void supervisor_stopping(int64_t drain_ms);

/* How often supervisor_alive is wanted (half of $WATCHDOG_USEC), in ms; 0: never. */
int64_t supervisor_alive_ms(void);
void supervisor_alive(void);

#endif
