/*
 * emits.h - emits of one event to a photond within the test, and what it holds.
 */
#ifndef TESTS_LIB_EMITS_H
#define TESTS_LIB_EMITS_H

#include "tests/lib/inside.h"
#include "wire/codec.h"

/* An EmitRequest of one event with so many bytes of payload; id "": none. */
struct bytes *emits_request(const char *stream, const char *id, size_t payload);
/* Emit it; request is given back. out may be NULL; else out->stored is to be freed after REASON_NONE. */
enum reason emits_send(struct inside *in, struct bytes *request, struct emit_response *out,
                       struct error *error);
/* How many events a cold subscription gives. Fails the test when it does not end well. */
uint64_t emits_count(struct inside *in, const char *stream);

#endif
