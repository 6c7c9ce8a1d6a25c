/*
 * fork.c - a flag that the child's side of fork() raises. gRPC's threads do not exist there and its locks may be held
 * for ever, so everything refuses to work rather than hang.
 */
#include "sdk/src/fork.h"

#include <pthread.h>
#include <stdatomic.h>

#include "sdk/src/status.h"

static atomic_bool forked;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void in_child(void)
{
    atomic_store(&forked, true);
}

static void watch(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

void fork_watch(void)
{
    pthread_once(&once, watch);
}

bool fork_happened(void)
{
    return atomic_load_explicit(&forked, memory_order_relaxed);
}

int32_t fork_check(muon_error *err)
{
    if (!fork_happened())
        return MUON_OK;
    return status_fail(err, MUON_EFORKED,
                       "a muon client was opened before fork(): only *_free works in the child; "
                       "open clients after forking, or exec");
}
