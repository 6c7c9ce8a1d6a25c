/*
 * reflection.h - the standard service ServerReflection, v1 and v1alpha, from the descriptor set that is compiled in.
 */
#ifndef MUON_WIRE_REFLECTION_H
#define MUON_WIRE_REFLECTION_H

#include "wire/serve.h"

struct reflection;

/* list_services answers with these names, which must stay: only what is really served. */
struct reflection *reflection_new(const char *const *names, size_t names_len);
void reflection_free(struct reflection *reflection);

/* Fill in the two services for the dispatcher's table. */
void reflection_services(struct reflection *reflection, struct serve_service out[2]);

/* End the calls that are open, as soon as their answer has left. */
void reflection_stop(struct reflection *reflection);

#endif
