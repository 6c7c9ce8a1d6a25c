/* certs.c - see certs.h. */
#include "store/certs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(struct error *error, const char *file, const char *what, const char *remedy)
{
    error_set(error, REASON_INVALID_ARGUMENT, "%s %s; %s", file, what, remedy);
    return false;
}

static bool readable(const char *file, struct stat *st, struct error *error)
{
    if (stat(file, st) != 0 || access(file, R_OK) != 0) {
        error_set(error, REASON_INVALID_ARGUMENT,
                  "%s cannot be read: %s; check the path, and that the user who runs photond may "
                  "read it",
                  file, strerror(errno));
        return false;
    }
    return S_ISREG(st->st_mode) || refuse(error, file, "is not a file", "name a PEM file");
}

static bool check_key(const char *file, struct error *error)
{
    struct stat st;
    if (!readable(file, &st, error))
        return false;
    if ((st.st_mode & (S_IWGRP | S_IRWXO)) == 0)
        return true;
    char what[80];
    snprintf(what, sizeof what, "is a private key that others may use (permissions %04o)",
             (unsigned)st.st_mode & 07777);
    return refuse(error, file, what, "chmod 600 it");
}

static bool check_dates(const char *file, const X509 *cert, struct error *error)
{
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
        return refuse(error, file, "is not valid yet", "check this machine's clock");
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        return refuse(error, file, "has expired",
                      "issue a new one (photond cert DIR server --force does, for certificates of "
                      "photond init)");
    return true;
}

/* Every certificate in the file is looked at; one that is good is enough for an authority file, a server's first must be. */
static bool check_certs(const char *file, bool any, struct error *error)
{
    struct stat st;
    if (!readable(file, &st, error))
        return false;
    FILE *f = fopen(file, "re");
    if (!f)
        return refuse(error, file, "cannot be opened", "try again");
    bool seen = false, ok = false;
    for (X509 *cert; !ok && (cert = PEM_read_X509(f, NULL, NULL, NULL)) != NULL;) {
        ok = (any || !seen) && check_dates(file, cert, error);
        seen = true;
        X509_free(cert);
    }
    ERR_clear_error();
    fclose(f);
    if (!seen)
        return refuse(error, file, "holds no certificate", "it must be in PEM form");
    return ok;
}

bool certs_check(const char *cert_file, const char *key_file, const char *ca_file,
                 struct error *error)
{
    return check_certs(cert_file, false, error) && check_key(key_file, error) &&
           (!ca_file || check_certs(ca_file, true, error));
}

static X509 *read_first(const char *file)
{
    FILE *f = fopen(file, "re");
    if (!f)
        return NULL;
    X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
    ERR_clear_error();
    fclose(f);
    return cert;
}

int64_t certs_days_left(const char *cert_file)
{
    X509 *cert = read_first(cert_file);
    int days, seconds;
    bool known = cert && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) == 1;
    X509_free(cert);
    if (!known)
        return INT64_MAX;
    return seconds < 0 ? (int64_t)days - 1 : days;
}

static bool name_text(const GENERAL_NAME *name, char out[CERTS_NAME_MAX])
{
    int kind = name->type;
    if (kind != GEN_IPADD && kind != GEN_DNS)
        return false;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, NULL);
    const unsigned char *data = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    if (kind == GEN_IPADD)
        return (len == 4 || len == 16) &&
               inet_ntop(len == 4 ? AF_INET : AF_INET6, data, out, CERTS_NAME_MAX);
    if (len <= 0 || len >= CERTS_NAME_MAX || memchr(data, 0, (size_t)len))
        return false;
    memcpy(out, data, (size_t)len);
    out[len] = '\0';
    return true;
}

size_t certs_names(const char *cert_file, char (*out)[CERTS_NAME_MAX], size_t max)
{
    X509 *cert = read_first(cert_file);
    if (!cert)
        return 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t len = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && len < max; i++) {
        if (name_text(sk_GENERAL_NAME_value(names, i), out[len]))
            len++;
    }
    GENERAL_NAMES_free(names);
    X509_free(cert);
    return len;
}
