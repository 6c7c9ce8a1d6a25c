/*
 * pki.h - a small certificate authority in a directory: ca.crt, ca.key, and a pair NAME.crt, NAME.key for each who has one.
 *
 * ECDSA P-256. Keys are written with permissions 0600. Every file is written whole beside its place and renamed, so a crash leaves
 * either nothing or a file that is good. Not for several threads at a time on one directory.
 */
#ifndef PHOTON_PKI_H
#define PHOTON_PKI_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/error.h"

enum { PKI_CA_DAYS = 3650, PKI_LEAF_DAYS = 365, PKI_NAMES_MAX = 64 };

/* Make ca.key and ca.crt; the files must not exist. false: *error says which file, and why. */
bool pki_make_ca(const char *dir, struct error *error);

/* A certificate for a server: names are host names and IP addresses, 1 to PKI_NAMES_MAX, of which the first is the common name. A key that
 * is there is kept, so that a certificate can be renewed with one rename. Signed by the directory's ca.key. */
bool pki_issue_server(const char *dir, const char *const *names, size_t names_len,
                      struct error *error);
/* Likewise for a client, whose identity is its common name; the files are named after it. */
bool pki_issue_client(const char *dir, const char *name, struct error *error);

/* 1 to 64 letters, digits and ". _ - @", not beginning with a dot, and not a name that the directory itself uses. NULL: good; else what
 * is wrong with it. */
const char *pki_client_name_fault(const char *name);
/* A host name or an IP address, as a certificate may carry it; a leading "*." is allowed. */
bool pki_host_ok(const char *name);

#endif
