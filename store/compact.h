/*
 * compact.h - the Compact call: give back the space of what was deleted or replaced, now. Its `service` is a struct admin.
 */
#ifndef PHOTON_COMPACT_H
#define PHOTON_COMPACT_H

#include "wire/serve.h"

extern const struct serve_method compact_method;

#endif
