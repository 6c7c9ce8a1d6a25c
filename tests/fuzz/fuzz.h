/*
 * fuzz.h - what the fuzz targets share: the one function that each defines, and an input taken apart into values.
 *
 * A target aborts when what it guards is broken; everything it allocates it frees. It is built twice: with libFuzzer (preset fuzz), and with
 * runs.c in the other builds, where ./dev test runs it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>

#include "wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is left of the input. Taking from an empty one gives zeros and empty texts. */
struct feed {
    const uint8_t *at;
    size_t len;
};
uint8_t feed_byte(struct feed *feed);
/* Small ones, borders of types, and any: a byte says which. */
int64_t feed_number(struct feed *feed);
/* Up to the next line feed, without it. */
struct span feed_line(struct feed *feed);
/* The same as a C string, cut at its first NUL, to be freed; a line "-" is NULL. */
char *feed_text(struct feed *feed);
/* All that is left, as a C string of exactly that memory, to be freed. */
char *feed_rest(struct feed *feed);

/* The bytes as a file of this process's memory: its path; fd to be closed. */
enum { FUZZ_PATH_BYTES = 64 };
int fuzz_file(struct span content, char path[FUZZ_PATH_BYTES]);

#endif
