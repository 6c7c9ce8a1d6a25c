/*
 * peers.h - the ListSubscriptions and ListSessions calls: who is there, and how far. Their `service` is a struct admin.
 */
#ifndef PHOTON_PEERS_H
#define PHOTON_PEERS_H

#include "wire/serve.h"

extern const struct serve_method subscriptions_method, sessions_method;

#endif
