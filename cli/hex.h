/*
 * hex.h - digests as people see them.
 */
#ifndef MUON_CLI_HEX_H
#define MUON_CLI_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muon/muon.h"

enum { HEX_DIGEST_BYTES = 2 * MUON_DIGEST_BYTES + 1 };

/* In lower-case hex, with a NUL; returns out. */
const char *hex_digest(const uint8_t digest[MUON_DIGEST_BYTES], char out[HEX_DIGEST_BYTES]);

/* The same back. False: it is not such a text. */
bool hex_digest_read(const char *text, size_t len, uint8_t digest[MUON_DIGEST_BYTES]);

#endif
