/*
 * end.h - an end of the network: a namespace whose only way out is a device that a program reads and writes.
 *
 * Nothing of it has a name in the system, so nothing is left behind, however the program ends: whoever wants in takes
 * /proc/PID/fd/N, with N the descriptor end.space.
 */
#ifndef TESTS_SOAK_NETWORK_END_H
#define TESTS_SOAK_NETWORK_END_H

#include <stdbool.h>

enum { END_PACKET_BYTES = 1500 };

struct end {
    int space;  /* the namespace */
    int device; /* each read and write is one packet */
};

/* End number 0 has the address 10.77.0.1, the next 10.77.0.2, …; at most 200. The calling thread stays in the new namespace.
 * false: what the machine refuses is in errno, and in *what. */
bool end_open(struct end *end, int number, const char **what);

#endif
