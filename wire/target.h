/*
 * target.h - what gRPC calls a target, made of "host:port[,host:port…]" or "unix:/path".
 */
#ifndef MUON_WIRE_TARGET_H
#define MUON_WIRE_TARGET_H

#include "wire/error.h"

enum { TARGET_BYTES = 2048, TARGET_HOST_BYTES = 256 };

/* uri for grpc_channel_create; host: the first host, the name that certificates are checked for ("localhost" for a unix socket).
 * Names in a list are resolved here, which may block. INVALID_ARGUMENT: malformed, or a name that cannot be resolved. */
enum reason target_parse(const char *target, char uri[TARGET_BYTES], char host[TARGET_HOST_BYTES],
                         struct error *error);

#endif
