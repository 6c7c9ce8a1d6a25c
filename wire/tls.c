/*
 * tls.c - certificates: read and checked by OpenSSL here, so that an error can say what is wrong, then handed to gRPC as text.
 *
 * gRPC asks a listener's fetcher before each handshake whether there is something newer; the fetcher compares the generation that
 * it has seen with the one in force. So a reload costs nothing until the next connection, and running ones keep what
 * they have. Only the classic grpc_ssl_* functions are used (hazards 9).
 */
#include "wire/tls.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/grpc_security.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "wire/text.h"

enum { FILE_BYTES_MAX = 1 << 20 };

/* What a handshake needs. */
struct material {
    char *cert, *key, *ca; /* PEM; ca may be NULL */
};

/* One listener's fetcher. */
struct listener {
    struct tls_server *tls;
    uint64_t seen;
    struct listener *next;
};

struct tls_server {
    char *cert_file, *key_file, *ca_file;
    enum tls_client_auth client_auth;
    pthread_mutex_t lock; /* of what follows */
    struct material material;
    uint64_t generation; /* from 1 */
    struct listener *listeners;
};

static bool refuse(struct error *error, const char *what, const char *fault)
{
    error_set(error, REASON_INVALID_ARGUMENT, "%s %s", what, fault);
    return false;
}

/* ---- checking what is in memory ---- */

/* Encrypted keys are not asked for on a terminal. */
static int no_password(char *buffer, int size, int writing, void *user)
{
    (void)buffer, (void)size, (void)writing, (void)user;
    return -1;
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    return cert;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static bool check_dates(const X509 *cert, const char *what, struct error *error)
{
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
        return refuse(error, what, "is not valid yet: check the clock, or wait");
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        return refuse(error, what, "has expired: make a new one");
    return true;
}

/* The names are what an error calls them. */
static bool check_pair(const char *cert_pem, const char *cert_name, const char *key_pem,
                       const char *key_name, struct error *error)
{
    X509 *cert = read_cert(cert_pem);
    EVP_PKEY *key = read_key(key_pem);
    bool ok = false;
    if (!cert)
        refuse(error, cert_name, "holds no certificate in PEM format");
    else if (!key)
        refuse(error, key_name,
               "holds no private key in PEM format that can be read without a password");
    else if (X509_check_private_key(cert, key) != 1)
        refuse(error, key_name,
               "is not the key of the certificate: give the pair that was made together");
    else
        ok = check_dates(cert, cert_name, error);
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}

static bool check_ca(const char *pem, const char *name, struct error *error)
{
    X509 *cert = read_cert(pem);
    bool ok = cert ? check_dates(cert, name, error)
                   : refuse(error, name, "holds no certificate in PEM format");
    X509_free(cert);
    ERR_clear_error();
    return ok;
}

bool tls_client_check(const char *ca_pem, const char *cert_pem, const char *key_pem,
                      struct error *error)
{
    if (ca_pem && !check_ca(ca_pem, "the CA certificate", error))
        return false;
    if (!cert_pem != !key_pem)
        return refuse(error, cert_pem ? "the client's key" : "the client's certificate",
                      "is missing: give both or neither");
    return !cert_pem ||
           check_pair(cert_pem, "the client's certificate", key_pem, "the client's key", error);
}

/* ---- files ---- */

static char *read_file(const char *path, bool secret, struct error *error)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    char *text = NULL;
    if (!file || fstat(fileno(file), &status) != 0) {
        error_set(error, REASON_INVALID_ARGUMENT, "cannot read %s: %s", path, strerror(errno));
    } else if (secret && status.st_mode & (S_IRWXO | S_IWGRP)) {
        error_set(error, REASON_INVALID_ARGUMENT,
                  "%s can be read or changed by others (mode %03o): chmod 600 it", path,
                  status.st_mode & 0777u);
    } else if (!(text = malloc(FILE_BYTES_MAX))) {
        error_set(error, REASON_INVALID_ARGUMENT, "cannot read %s: out of memory", path);
    } else {
        size_t len = fread(text, 1, FILE_BYTES_MAX - 1, file);
        text[len] = '\0';
        if (ferror(file) || !feof(file) || strlen(text) != len) {
            refuse(error, path, "cannot be read, is no text, or is too large for a PEM file");
            free(text);
            text = NULL;
        }
    }
    if (file)
        fclose(file);
    return text;
}

static void material_fini(struct material *m)
{
    if (m->key)
        OPENSSL_cleanse(m->key, strlen(m->key));
    free(m->cert);
    free(m->key);
    free(m->ca);
    *m = (struct material){0};
}

static bool material_read(const struct tls_server *tls, struct material *m, struct error *error)
{
    *m = (struct material){0};
    bool ok = (m->cert = read_file(tls->cert_file, false, error)) &&
              (m->key = read_file(tls->key_file, true, error)) &&
              check_pair(m->cert, tls->cert_file, m->key, tls->key_file, error);
    if (ok && tls->ca_file)
        ok =
            (m->ca = read_file(tls->ca_file, false, error)) && check_ca(m->ca, tls->ca_file, error);
    if (!ok)
        material_fini(m);
    return ok;
}

/* ---- the server's ---- */

struct tls_server *tls_server_open(const char *cert_file, const char *key_file, const char *ca_file,
                                   enum tls_client_auth client_auth, struct error *error)
{
    if (!ca_file && client_auth != TLS_CLIENT_NONE) {
        refuse(error, "the CA file", "is missing: clients' certificates are checked against it");
        return NULL;
    }
    struct tls_server *tls = calloc(1, sizeof *tls);
    if (tls) {
        pthread_mutex_init(&tls->lock, NULL);
        tls->client_auth = client_auth;
        tls->cert_file = strdup(cert_file);
        tls->key_file = strdup(key_file);
        tls->ca_file = ca_file ? strdup(ca_file) : NULL;
    }
    if (!tls || !tls->cert_file || !tls->key_file || (ca_file && !tls->ca_file))
        refuse(error, "TLS", "cannot be set up: out of memory");
    else if (tls_server_reload(tls, error))
        return tls;
    tls_server_free(tls);
    return NULL;
}

bool tls_server_reload(struct tls_server *tls, struct error *error)
{
    struct material fresh, old;
    if (!material_read(tls, &fresh, error))
        return false;
    pthread_mutex_lock(&tls->lock);
    old = tls->material;
    tls->material = fresh;
    tls->generation++;
    pthread_mutex_unlock(&tls->lock);
    material_fini(&old);
    return true;
}

void tls_server_free(struct tls_server *tls)
{
    if (!tls)
        return;
    for (struct listener *l = tls->listeners, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    material_fini(&tls->material);
    pthread_mutex_destroy(&tls->lock);
    free(tls->cert_file);
    free(tls->key_file);
    free(tls->ca_file);
    free(tls);
}

/* gRPC asks before a handshake. */
static grpc_ssl_certificate_config_reload_status fetch(void *user,
                                                       grpc_ssl_server_certificate_config **config)
{
    struct listener *listener = user;
    struct tls_server *tls = listener->tls;
    grpc_ssl_certificate_config_reload_status status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    pthread_mutex_lock(&tls->lock);
    if (listener->seen != tls->generation) {
        grpc_ssl_pem_key_cert_pair pair = {tls->material.key, tls->material.cert};
        /* gRPC insists on roots, also where no client is asked for a certificate. */
        const char *roots = tls->material.ca ? tls->material.ca : tls->material.cert;
        *config = grpc_ssl_server_certificate_config_create(roots, &pair, 1);
        listener->seen = tls->generation;
        status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    }
    pthread_mutex_unlock(&tls->lock);
    return status;
}

grpc_server_credentials *tls_server_credentials(struct tls_server *tls)
{
    static const grpc_ssl_client_certificate_request_type types[] = {
        [TLS_CLIENT_REQUIRED] = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
        [TLS_CLIENT_OPTIONAL] = GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY,
        [TLS_CLIENT_NONE] = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
    };
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return NULL;
    listener->tls = tls;
    pthread_mutex_lock(&tls->lock);
    listener->next = tls->listeners;
    tls->listeners = listener;
    pthread_mutex_unlock(&tls->lock);
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(types[tls->client_auth],
                                                                        fetch, listener));
}
