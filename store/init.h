/*
 * init.h - the verbs `init` and `cert`: a directory from which photond starts under TLS, and more certificates for it.
 *
 *   DIR/photond.conf                      written last: where it is, init was complete
 *   DIR/tls/{ca,server,NAME}.{crt,key}    0700, keys 0600; made beside as .tls.new and renamed whole
 *   DIR/data/                             the store's, made by photond at its first start
 *
 * What was there before is never changed, unless forced; and then the old tls directory is kept beside the new.
 */
#ifndef PHOTON_INIT_H
#define PHOTON_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "store/exit_codes.h"

struct init_options {
    const char *dir;
    const char *const *names; /* of the server, beside those that it finds by itself */
    size_t names_len;
    const char *const *clients; /* none: one, "client" */
    size_t clients_len;
    const char *listen; /* NULL: the default */
    bool force;
};

/* Both tell what they did on out, and what went wrong on err. */
enum exit_code init_run(const struct init_options *options, FILE *out, FILE *err);

/* A certificate for a client, or with client NULL the server's anew (for the names it was for, and those given). A certificate that is there
 * needs force, and keeps its key. */
enum exit_code init_cert(const struct init_options *options, const char *client, FILE *out,
                         FILE *err);

#endif
