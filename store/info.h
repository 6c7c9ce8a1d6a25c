/*
 * info.h - the Info call: who is this store, where is its head, what are its limits. Its `service` is a struct store.
 */
#ifndef PHOTON_INFO_H
#define PHOTON_INFO_H

#include "wire/serve.h"

extern const struct serve_method info_method;

#endif
