/*
 * photon_stream_args.h - what is asked of /stream: by the address, and by a JSON object in the body.
 */
#ifndef PHOTON_PHOTON_STREAM_ARGS_H
#define PHOTON_PHOTON_STREAM_ARGS_H

#include "wire/codec.h"

/* As an encoded SubscribeRequest, which says what is wrong with its values; NULL: *error. What the address says wins. */
struct bytes *photon_stream_args(struct span url_args, struct span body, struct error *error);

#endif
