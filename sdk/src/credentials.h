/*
 * credentials.h - the client's side of TLS: files read into memory, anew for each connection.
 */
#ifndef MUON_SDK_CREDENTIALS_H
#define MUON_SDK_CREDENTIALS_H

#include "sdk/src/config.h"

/* Contents, NUL-terminated; NULL: no such file was configured. */
struct credentials {
    char *ca, *cert, *key;
};

/* MUON_EINVAL: which file cannot be read, and why. */
int32_t credentials_load(const struct muon_config *config, struct credentials *out,
                         muon_error *err);

/* Are they of use? MUON_EINVAL: why not, and which files they are from. */
int32_t credentials_check(const struct muon_config *config, const struct credentials *credentials,
                          muon_error *err);
void credentials_fini(struct credentials *credentials);

#endif
