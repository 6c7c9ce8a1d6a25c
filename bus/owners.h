/*
 * owners.h - "name=identity,name=identity": to which certificate identities the settings give the name of a service.
 */
#ifndef MUON_BUS_OWNERS_H
#define MUON_BUS_OWNERS_H

#include "wire/bytes.h"

enum owners_answer { OWNERS_ANYBODY, OWNERS_YES, OWNERS_NO };

/* May this identity serve this name? OWNERS_ANYBODY: the list does not name it. owners may be NULL; it has the right form. */
enum owners_answer owners_ask(const char *owners, struct span name, const char *identity);
/* The end of a sentence about a list, static; NULL: it is fine, or there is none. */
const char *owners_fault(const char *owners);

#endif
