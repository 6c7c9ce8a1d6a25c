/*
 * xxh.h - XXH3 for what is long: with the widest registers that the processor has, where the library can choose (on x86-64). The values
 * are the same.
 */
#ifndef PHOTON_XXH_H
#define PHOTON_XXH_H

#ifdef PHOTON_XXH_CHOOSES
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#endif
