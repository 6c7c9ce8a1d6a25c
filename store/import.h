/*
 * import.h - Import: entries with the store's own fields, into a store that holds nothing else.
 */
#ifndef PHOTON_IMPORT_H
#define PHOTON_IMPORT_H

#include "wire/serve.h"

/* Its service is a struct admin. */
extern const struct serve_method import_method;

/* In admin_stop, under the admin's lock: end those that are open with SHUTTING_DOWN, each once what it has submitted is stored. */
struct import_call;
void import_stop(struct import_call *first);

#endif
