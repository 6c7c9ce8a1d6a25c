/*
 * base64.h - bytes that are no JSON, inside JSON (RFC 4648, section 4).
 */
#ifndef MUON_CLI_BASE64_H
#define MUON_CLI_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Write the bytes in base64, padded. */
void base64_print(FILE *out, const void *data, size_t len);

/* Decode in place: it shrinks. Strict: padded, nothing else in it. False leaves the text undefined. */
bool base64_decode(char *text, size_t len, size_t *out_len);

#endif
