/*
 * stream.h - Stream: subscribe to a stream of a service with one plain call.
 */
#ifndef MUON_BUS_STREAM_H
#define MUON_BUS_STREAM_H

#include "bus/core.h"

extern const struct serve_method stream_method;

#endif
