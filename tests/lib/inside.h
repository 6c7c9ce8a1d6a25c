/*
 * inside.h - a whole photond in the test's own process, in a directory of its own, on loopback without TLS, and a channel to it: so
 * that sanitizers see both sides of a call.
 */
#ifndef TESTS_LIB_INSIDE_H
#define TESTS_LIB_INSIDE_H

#include "store/service.h"
#include "tests/lib/caller.h"

struct inside {
    char *dir;
    struct service *service;
    struct caller *caller;
    char target[64];
};

/* Small caches, small limits: an event 64 KiB, a batch 256 KiB and 100 events. dir stays the caller's. */
struct service_options inside_options(const char *dir);
struct inside *inside_start(void);
/* Stop the service and start it again on the same directory. */
void inside_restart(struct inside *inside);
/* Open it again after a test has stopped and freed the service, and closed the caller, by itself. */
void inside_reopen(struct inside *inside);
void inside_stop(struct inside *inside);

#endif
