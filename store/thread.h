/*
 * thread.h - a thread of the store's: signals are the main thread's.
 */
#ifndef PHOTON_THREAD_H
#define PHOTON_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* false: the system has no room for another. */
bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
