/*
 * import.h - Import: entries with the store's own fields, into a store that holds nothing else.
 */
#ifndef PHOTON_IMPORT_H
#define PHOTON_IMPORT_H

#include "wire/serve.h"

/* Its service is a struct admin. */
extern const struct serve_method import_method;

#endif
