/*
 * codec_parts.h - what the codec's files share among themselves.
 */
#ifndef MUON_WIRE_CODEC_PARTS_H
#define MUON_WIRE_CODEC_PARTS_H

#include "wire/codec.h"

/* Where in a request a failure was found, added to an error already set; returns its reason. error may be NULL:
 * INVALID_ARGUMENT. */
enum reason codec_locate(struct error *error, const char *field, size_t index, uint64_t limit);

/* "subscribe: stream-name is empty": INVALID_ARGUMENT, located at field. */
enum reason codec_refuse(struct error *error, const char *what, const char *field, const char *fault);

/* An Expect. name_needed = false: the stream may be left out. */
enum reason expect_decode(struct span raw, bool name_needed, struct expect *out, struct error *error);
size_t expect_size(const struct expect *expect);
uint8_t *expect_put(uint8_t *at, const struct expect *expect);

/* A framed NumberedEmit or NumberedResult: its number, then field with len bytes for the caller to write to *body. */
struct bytes *codec_part_new(uint64_t number, uint32_t field, size_t len, uint8_t **body);

#endif
