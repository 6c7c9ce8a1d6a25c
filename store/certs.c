/* certs.c - see certs.h. */
#include "store/certs.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
