/*
 * log_level.h - the SetLogLevel call: what is logged, changed while photond runs. Its `service` is a struct admin.
 */
#ifndef PHOTON_LOG_LEVEL_H
#define PHOTON_LOG_LEVEL_H

#include "wire/serve.h"

extern const struct serve_method log_level_method;

#endif
