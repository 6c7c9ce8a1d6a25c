/*
 * clock.h - deadlines on a clock that never jumps, and waiting until one.
 */
#ifndef MUON_SDK_CLOCK_H
#define MUON_SDK_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

/* Milliseconds since some moment. */
int64_t clock_now_ms(void);

/* The deadline of a timeout_ms as the public functions take it: < 0: never. */
int64_t clock_deadline_ms(int32_t timeout_ms);

/* Milliseconds until then: 0 when it has passed, -1 for never. */
int64_t clock_left_ms(int64_t deadline_ms);

/* Wait for a signal of cond. false: the deadline has passed. */
bool clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms);

#endif
