/*
 * stats.h - the Stats call: how the store is doing, once or at an interval. Its `service` is a struct admin.
 */
#ifndef PHOTON_STATS_H
#define PHOTON_STATS_H

#include "wire/serve.h"

extern const struct serve_method stats_method;

#endif
