/*
 * request.h - Request: ask a service with one plain call.
 */
#ifndef MUON_BUS_REQUEST_H
#define MUON_BUS_REQUEST_H

#include "bus/core.h"

extern const struct serve_method request_method;

#endif
