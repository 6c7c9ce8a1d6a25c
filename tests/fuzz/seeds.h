/*
 * seeds.h - one file of a target's corpus, DIR/target/name.
 */
#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include "wire/bytes.h"

/* prefix: a byte in front, by which a target chooses; < 0: none. */
void seed(const char *target, const char *name, int prefix, struct span message);
void seed_bytes(const char *target, const char *name, int prefix, struct bytes *message);
/* The same of many, named by their place. */
void seed_texts(const char *target, int prefix, const char *const *texts, size_t len);

/* seeds_text.c: of the targets whose inputs are texts, or bytes on disk. */
void seeds_text(void);

#endif
