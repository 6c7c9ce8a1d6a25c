/*
 * codec-error.h - errors: muon.v1.Error, and what travels with a gRPC status.
 */
#ifndef MUON_WIRE_CODEC_ERROR_H
#define MUON_WIRE_CODEC_ERROR_H

#include "wire/error.h"

struct bytes *error_encode(const struct error *error);        /* muon.v1.Error */
enum reason error_decode(struct span raw, struct error *out); /* likewise */
struct bytes *
error_status_encode(const struct error *error); /* google.rpc.Status, for grpc-status-details-bin */
/* What a call ended with: from the status code, its text and its details (may be empty). Never fails: a peer that sends no
 * details of ours gives a reason derived from the code. status 0 sets REASON_NONE. */
void error_from_status(int grpc_status, struct span text, struct span details, struct error *out);

#endif
