/*
 * policies.h - the calls about how long events are kept: SetRetention, ListRetention. Their `service` is a struct store.
 */
#ifndef PHOTON_POLICIES_H
#define PHOTON_POLICIES_H

#include "wire/serve.h"

extern const struct serve_method set_retention_method, list_retention_method;

#endif
