/*
 * supervisor.c - see supervisor.h.
 */
#include "store/supervisor.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STOPPING_MORE_MS = 5000, STATE_BYTES = 128 };

/* The address is a path, or with "@" in front a name in Linux' abstract space. */
static void tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

void supervisor_ready(void)
{
    tell("READY=1\nSTATUS=Serving");
}

void supervisor_reloading(void)
{
    char state[STATE_BYTES];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state,
             "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reading the settings again",
             (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    tell(state);
}

void supervisor_stopping(int64_t drain_ms)
{
    char state[STATE_BYTES];
    snprintf(state, sizeof state,
             "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRId64 "\nSTATUS=Waiting for calls to end",
             (drain_ms + STOPPING_MORE_MS) * 1000);
    tell(state);
}

int64_t supervisor_alive_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    long long limit_us = strtoll(usec, NULL, 10);
    return limit_us >= 2000 ? limit_us / 2000 : 0;
}

void supervisor_alive(void)
{
    tell("WATCHDOG=1");
}
