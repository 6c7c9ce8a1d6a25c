/*
 * health.h - the standard service grpc.health.v1.Health: Check, and Watch with every change.
 */
#ifndef MUON_WIRE_HEALTH_H
#define MUON_WIRE_HEALTH_H

#include "wire/serve.h"

struct health;

/* It knows these services, and "", the server as a whole; none of them serves until health_set says so. The names must stay. */
struct health *health_new(const char *const *names, size_t names_len);
void health_free(struct health *health);

/* Fill in the service for the dispatcher's table. */
void health_service(struct health *health, struct serve_service *out);

/* service: one of the names, or "". Watchers are told. Any thread. */
void health_set(struct health *health, const char *service, bool serving);

/* Nothing serves any more; watchers are told, and their calls ended. */
void health_stop(struct health *health);

#endif
