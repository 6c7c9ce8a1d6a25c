/*
 * certs.h - a look at certificate and key files before they are used: there, readable, private, in date.
 *
 * wire/tls.h checks that they fit together; what an operator gets wrong most often is found here, and said with the file's name.
 */
#ifndef PHOTON_CERTS_H
#define PHOTON_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/error.h"

/* A listener's three files; ca_file may be NULL. false: *error names the file, what is wrong, what to do. */
bool certs_check(const char *cert_file, const char *key_file, const char *ca_file,
                 struct error *error);

/* Days until the first certificate in the file ends, rounded down; negative: it has ended. INT64_MAX: it cannot be read. */
int64_t certs_days_left(const char *cert_file);

enum { CERTS_NAME_MAX = 256 };
/* The host names and IP addresses that the first certificate in the file is good for; at most max. 0: none, or it cannot be read. */
size_t certs_names(const char *cert_file, char (*out)[CERTS_NAME_MAX], size_t max);

#endif
