/*
 * admins.h - the setting `admin-names`: which identities are administrators.
 *
 * "ops,ops-2": an identity is what a client certificate says, its first DNS or URI name, else its common name.
 */
#ifndef PHOTON_ADMINS_H
#define PHOTON_ADMINS_H

#include <stdbool.h>

/* Is the identity in the list? Never "", which is nobody's. names NULL: none is. */
bool admins_include(const char *names, const char *identity);

/* What is wrong with the list, to go on "the list …"; NULL: nothing. */
const char *admins_fault(const char *names);

#endif
