/*
 * pki.c - see pki.h.
 *
 * A certificate is good from five minutes ago, since clocks differ, and never outlives its authority. Serial numbers are 127 random bits.
 */
#include "store/pki.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/files.h"

struct request {
    const char *common_name;
    const char *const *names; /* of a server */
    size_t names_len;
    bool is_ca;
    EVP_PKEY *key;
    X509 *issuer; /* NULL: signs itself */
    EVP_PKEY *issuer_key;
};

static bool fail(struct error *error, const char *what)
{
    char reason[160] = "no reason given";
    unsigned long code = ERR_get_error();
    if (code)
        ERR_error_string_n(code, reason, sizeof reason);
    ERR_clear_error();
    error_set(error, REASON_STORE_UNAVAILABLE, "%s: OpenSSL: %s", what, reason);
    return false;
}

/* ---- files ---- */
/* Of the two, the one that is not NULL. */
static bool write_pem(const char *path, EVP_PKEY *key, X509 *cert, struct error *error)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data;
    bool ok = bio && (key ? PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
                          : PEM_write_bio_X509(bio, cert)) == 1;
    if (ok) {
        size_t len = (size_t)BIO_get_mem_data(bio, &data);
        ok = files_write(path, data, len, key ? 0600 : 0644, error);
    } else {
        fail(error, path);
    }
    BIO_free(bio);
    return ok;
}

static FILE *open_or_say(const char *path, struct error *error)
{
    FILE *f = fopen(path, "re");
    if (!f)
        error_set(error, REASON_STORE_UNAVAILABLE, "%s cannot be read: %s", path, strerror(errno));
    return f;
}

static EVP_PKEY *read_key(const char *path, struct error *error)
{
    FILE *f = open_or_say(path, error);
    if (!f)
        return NULL;
    EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    if (!key)
        fail(error, path);
    return key;
}

static X509 *read_cert(const char *path, struct error *error)
{
    FILE *f = open_or_say(path, error);
    if (!f)
        return NULL;
    X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    if (!cert)
        fail(error, path);
    return cert;
}

/* ---- what stands in a certificate ---- */
static bool set_serial(X509 *cert)
{
    BIGNUM *number = BN_new();
    bool ok = number && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

static bool set_time(X509 *cert, const struct request *request)
{
    enum { CLOCKS_DIFFER_S = 300, DAY_S = 86400 };
    long days = request->is_ca ? PKI_CA_DAYS : PKI_LEAF_DAYS;
    if (!X509_gmtime_adj(X509_getm_notBefore(cert), -CLOCKS_DIFFER_S) ||
        !X509_gmtime_adj(X509_getm_notAfter(cert), days * DAY_S))
        return false;
    if (!request->issuer)
        return true;
    const ASN1_TIME *end = X509_get0_notAfter(request->issuer);
    return ASN1_TIME_compare(X509_get0_notAfter(cert), end) <= 0 || X509_set1_notAfter(cert, end);
}

static bool set_names(X509 *cert, const struct request *request)
{
    X509_NAME *name = X509_get_subject_name(cert);
    const unsigned char *text = (const unsigned char *)request->common_name;
    /* A common name has room for 64 characters; the whole list is in the alternative names anyway. */
    int len = (int)strnlen(request->common_name, 64);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, len, -1, 0) == 1 &&
           X509_set_issuer_name(cert, request->issuer ? X509_get_subject_name(request->issuer)
                                                      : name) == 1;
}

static bool add_extension(X509 *cert, const struct request *request, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, request->issuer ? request->issuer : cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool is_ip(const char *name)
{
    unsigned char address[16];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static bool add_alternative_names(X509 *cert, const struct request *request)
{
    char *value = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&value, &size);
    if (!out)
        return false;
    for (size_t i = 0; i < request->names_len; i++)
        fprintf(out, "%s%s:%s", i ? "," : "", is_ip(request->names[i]) ? "IP" : "DNS",
                request->names[i]);
    bool ok = fclose(out) == 0 && add_extension(cert, request, NID_subject_alt_name, value);
    free(value);
    return ok;
}

static bool add_extensions(X509 *cert, const struct request *request)
{
    if (!add_extension(cert, request, NID_subject_key_identifier, "hash") ||
        !add_extension(cert, request, NID_authority_key_identifier, "keyid:always"))
        return false;
    if (request->is_ca)
        return add_extension(cert, request, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(cert, request, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_extension(cert, request, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(cert, request, NID_key_usage, "critical,digitalSignature") &&
           add_extension(cert, request, NID_ext_key_usage,
                         request->names ? "serverAuth" : "clientAuth") &&
           (!request->names || add_alternative_names(cert, request));
}

static X509 *make_cert(const struct request *request, struct error *error)
{
    X509 *cert = X509_new();
    if (!cert || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
        !set_time(cert, request) || !set_names(cert, request) ||
        X509_set_pubkey(cert, request->key) != 1 || !add_extensions(cert, request) ||
        X509_sign(cert, request->issuer_key, EVP_sha256()) == 0) {
        fail(error, request->common_name);
        X509_free(cert);
        return NULL;
    }
    return cert;
}

/* ---- the authority, and what it issues ---- */
bool pki_make_ca(const char *dir, struct error *error)
{
    char key_path[FILES_PATH_MAX], cert_path[FILES_PATH_MAX], name[64];
    X509 *cert = NULL;
    bool ok = false;
    if (!files_path(key_path, dir, "ca.key", error) || !files_path(cert_path, dir, "ca.crt", error))
        return false;
    if (files_exist(key_path) || files_exist(cert_path)) {
        error_set(error, REASON_INVALID_ARGUMENT, "%s holds a certificate authority already", dir);
        return false;
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint32_t tag = 0;
    BIGNUM *random = BN_new();
    if (!key || !random || BN_rand(random, 32, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1) {
        fail(error, key_path);
        goto out;
    }
    tag = (uint32_t)BN_get_word(random);
    /* The tag tells authorities apart in error messages and key stores. */
    snprintf(name, sizeof name, "photond local authority %08x", tag);
    struct request request = {.common_name = name, .is_ca = true, .key = key, .issuer_key = key};
    cert = make_cert(&request, error);
    ok = cert && write_pem(key_path, key, NULL, error) && write_pem(cert_path, NULL, cert, error);
out:
    X509_free(cert);
    BN_free(random);
    EVP_PKEY_free(key);
    return ok;
}

static EVP_PKEY *keep_or_make_key(const char *path, struct error *error)
{
    if (files_exist(path))
        return read_key(path, error);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!key) {
        fail(error, path);
        return NULL;
    }
    if (write_pem(path, key, NULL, error))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

/* BASE.key, then BASE.crt. */
static bool issue(const char *dir, const char *base, struct request *request, struct error *error)
{
    char ca_key_path[FILES_PATH_MAX], ca_path[FILES_PATH_MAX];
    char key_path[FILES_PATH_MAX], path[FILES_PATH_MAX], name[80];
    X509 *cert = NULL;
    snprintf(name, sizeof name, "%s.key", base);
    if (!files_path(ca_key_path, dir, "ca.key", error) ||
        !files_path(ca_path, dir, "ca.crt", error) || !files_path(key_path, dir, name, error))
        return false;
    snprintf(name, sizeof name, "%s.crt", base);
    if (!files_path(path, dir, name, error))
        return false;
    request->issuer_key = read_key(ca_key_path, error);
    request->issuer = request->issuer_key ? read_cert(ca_path, error) : NULL;
    request->key = request->issuer ? keep_or_make_key(key_path, error) : NULL;
    cert = request->key ? make_cert(request, error) : NULL;
    bool ok = cert && write_pem(path, NULL, cert, error);
    X509_free(cert);
    EVP_PKEY_free(request->key);
    X509_free(request->issuer);
    EVP_PKEY_free(request->issuer_key);
    return ok;
}

bool pki_issue_server(const char *dir, const char *const *names, size_t names_len,
                      struct error *error)
{
    for (size_t i = 0; i < names_len; i++) {
        if (pki_host_ok(names[i]))
            continue;
        error_set(error, REASON_INVALID_ARGUMENT, "\"%s\" is neither a host name nor an IP address",
                  names[i]);
        return false;
    }
    struct request request = {.common_name = names[0], .names = names, .names_len = names_len};
    return issue(dir, "server", &request, error);
}

bool pki_issue_client(const char *dir, const char *name, struct error *error)
{
    const char *fault = pki_client_name_fault(name);
    if (fault) {
        error_set(error, REASON_INVALID_ARGUMENT, "\"%s\" cannot be a client's name: %s", name,
                  fault);
        return false;
    }
    struct request request = {.common_name = name};
    return issue(dir, name, &request, error);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const char *pki_client_name_fault(const char *name)
{
    size_t len = strlen(name);
    if (len < 1 || len > 64)
        return "it must have 1 to 64 characters";
    if (strspn(name, LETTERS "._-@") != len || name[0] == '.')
        return "only letters, digits and . _ - @ may stand in it, and no dot at the beginning";
    if (strcmp(name, "ca") == 0 || strcmp(name, "server") == 0)
        return "the directory's own files have that name";
    return NULL;
}

bool pki_host_ok(const char *name)
{
    if (is_ip(name))
        return true;
    if (strncmp(name, "*.", 2) == 0)
        name += 2;
    size_t len = strlen(name);
    return len > 0 && len <= 253 && strspn(name, LETTERS "-._") == len && name[0] != '.' &&
           name[0] != '-' && !strstr(name, "..");
}
