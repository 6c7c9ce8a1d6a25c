/*
 * gate.h - readers go through; whoever must be alone closes it and waits until they are out.
 *
 * A thread that is inside passes again, even when the gate is being closed: else it would wait for itself. Threads: any; the one that
 * enters is the one that leaves.
 */
#ifndef PHOTON_GATE_H
#define PHOTON_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t inside;
    bool closed;
};

void gate_init(struct gate *gate);
void gate_fini(struct gate *gate); /* nobody is inside */

void gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);

/* Afterwards this thread alone is inside. It must not have been inside before. */
void gate_close(struct gate *gate);
void gate_open(struct gate *gate);

#endif
