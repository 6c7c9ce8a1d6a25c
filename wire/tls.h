/*
 * tls.h - what a listener shows and asks for, kept up to date from files.
 */
#ifndef MUON_WIRE_TLS_H
#define MUON_WIRE_TLS_H

#include <stdbool.h>

#include "wire/error.h"

struct tls_server;

enum tls_client_auth { TLS_CLIENT_REQUIRED = 0, TLS_CLIENT_OPTIONAL = 1, TLS_CLIENT_NONE = 2 };

/* Read and check (the key fits the certificate and is for its owner's eyes only, dates) the three PEM files. NULL and *error if anything is wrong: which file,
 * what, what to do. ca_file may be NULL only with TLS_CLIENT_NONE. */
struct tls_server *tls_server_open(const char *cert_file, const char *key_file, const char *ca_file,
                                   enum tls_client_auth client_auth, struct error *error);

/* Read the files again: new connections get the new ones, calls that run are not touched. false and *error: the files cannot
 * be used, and what was in force stays. Any thread. */
bool tls_server_reload(struct tls_server *tls, struct error *error);
/* After every server that listens with it has been freed. NULL is fine. */
void tls_server_free(struct tls_server *tls);

/* Are a client's certificates of use (cert and key both or neither; contents, not file names)? error as above. */
bool tls_client_check(const char *ca_pem, const char *cert_pem, const char *key_pem,
                      struct error *error);

/* For serve.c: credentials for one more listener; the caller releases them. NULL: no memory. */
struct grpc_server_credentials;
struct grpc_server_credentials *tls_server_credentials(struct tls_server *tls);

#endif
