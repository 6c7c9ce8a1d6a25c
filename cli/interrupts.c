/*
 * interrupts.c - a signalfd, for the first of them.
 */
#include "cli/interrupts.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t taken; /* which signals, to give them back */

int interrupts_open(bool sigterm_too)
{
    sigemptyset(&taken);
    sigaddset(&taken, SIGINT);
    if (sigterm_too)
        sigaddset(&taken, SIGTERM);
    sigprocmask(SIG_BLOCK, &taken, NULL);
    int fd = signalfd(-1, &taken, SFD_CLOEXEC);
    if (fd < 0)
        sigprocmask(SIG_UNBLOCK, &taken, NULL);
    return fd;
}

bool interrupts_take(int *fd)
{
    struct signalfd_siginfo info;
    bool taken_one = read(*fd, &info, sizeof(info)) == sizeof(info);
    close(*fd);
    *fd = -1;
    sigprocmask(SIG_UNBLOCK, &taken, NULL);
    return taken_one;
}
