/*
 * emit.h - from the application's events to an encoded, checked batch (the public functions are in muon.h).
 */
#ifndef MUON_SDK_EMIT_H
#define MUON_SDK_EMIT_H

#include <muon/muon.h>

#include "wire/codec.h"

/* Encode a batch, with ids, service and cause filled in, and check it as the store will. The caller owns *out. */
int32_t emit_encode(const char *stream, const muon_event_in *events, size_t n,
                    const muon_emit_opts *opts, const char *service, const struct limits *limits,
                    struct bytes **out, muon_error *err);

#endif
