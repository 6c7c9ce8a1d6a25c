/*
 * listen.h - why an address cannot be listened on, in words: gRPC only says that it could not. And a listener that is not gRPC's.
 */
#ifndef MUON_WIRE_LISTEN_H
#define MUON_WIRE_LISTEN_H

#include <stdbool.h>

#include "wire/error.h"

/* Before listening: false and *error when somebody answers at a unix socket already (gRPC would take it over). */
bool listen_check(const char *address, struct error *error);

/* Listen on "host:port" or "[v6]:port" with a plain socket, which does not block; port 0: any free one. -1: *error says why not. */
int listen_open(const char *address, int *port, struct error *error);

/* After listening has failed: find out why by trying ourselves. */
void listen_explain(const char *address, struct error *error);

/* For a unix socket of this process's user alone. Before listening: nobody else can change the directory that it is in, and what is made
 * from now on is not for others (umask). Gives the address: "unix:" and the path. */
enum { LISTEN_ADDRESS_BYTES = 128 };
bool listen_private_check(const char *path, char address[LISTEN_ADDRESS_BYTES],
                          struct error *error);
/* After listening, before anybody is served: the socket is ours, and gets mode 0600. */
bool listen_private_close(const char *path, struct error *error);

#endif
