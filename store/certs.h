/*
 * certs.h - what a certificate file says about itself: until when it is good, and for whom. (Whether it can be used: wire/tls.h.)
 */
#ifndef PHOTON_CERTS_H
#define PHOTON_CERTS_H

#include <stddef.h>
#include <stdint.h>

/* Days until the first certificate in the file ends, rounded down; negative: it has ended. INT64_MAX: it cannot be read. */
int64_t certs_days_left(const char *cert_file);

enum { CERTS_NAME_MAX = 256 };
/* The host names and IP addresses that the first certificate in the file is good for; at most max. 0: none, or it cannot be read. */
size_t certs_names(const char *cert_file, char (*out)[CERTS_NAME_MAX], size_t max);

#endif
