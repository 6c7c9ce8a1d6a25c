/* signals.c - see signals.h. */
#include "store/signals.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static sigset_t waited_for(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    return set;
}

void signals_block(void)
{
    sigset_t set = waited_for();
    int rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
    assert(rc == 0);
    signal(SIGPIPE, SIG_IGN);
}

enum signals_event signals_wait(void)
{
    sigset_t set = waited_for();
    int signal = 0;
    int rc = sigwait(&set, &signal);
    assert(rc == 0);
    return signal == SIGUSR1 ? SIGNALS_WOKEN : signal == SIGHUP ? SIGNALS_RELOAD : SIGNALS_STOP;
}

void signals_wake(void)
{
    kill(getpid(), SIGUSR1);
}
