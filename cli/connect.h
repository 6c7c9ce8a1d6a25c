/*
 * connect.h - from the command line and the environment to a client that has reached its server.
 */
#ifndef MUON_CLI_CONNECT_H
#define MUON_CLI_CONNECT_H

#include <stdbool.h>

#include "cli/args.h"
#include "cli/where.h"

/* The words of a verb that serves, [SERVICE] PATH: *args is what was given, with the service's name set. False: the failure has
 * been told. */
bool connect_service(const struct args *given, struct args *args, const char **path, int *code);

/* Open a client, which looks whether the settings can be used, and does not wait for the server. False: the failure has been
 * told, end with *code. */
bool connect_prepare(const struct args *args, const struct where *where, muon_client **client,
                     int *code);

/* Open a client and make sure that the server answers. False: the failure has been told, end with *code. */
bool connect_open(const struct args *args, muon_client **client, int *code);

/* Close and free; NULL is fine. */
void connect_close(muon_client *client);

/* The time limit of one call, in milliseconds. */
int32_t connect_timeout_ms(const struct args *args);

#endif
