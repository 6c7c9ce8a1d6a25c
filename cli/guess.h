/*
 * guess.h - what somebody may have meant who wrote a word that does not exist.
 */
#ifndef MUON_CLI_GUESS_H
#define MUON_CLI_GUESS_H

#include <stddef.h>

/* The one of count words that is nearest to given (of words equally near, the first); NULL: none is near enough to be a slip
 * of the finger. */
const char *guess_nearest(const char *given, const char *const *words, size_t count);

#endif
