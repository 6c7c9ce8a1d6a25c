/*
 * doctor-files.c - the authority that we trust, our certificate, its key: can they be read, do they fit, are they good today?
 */
#include "cli/doctor.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RENEW_OURS                                                                                 \
    "Have a new one made: `photond cert DIR client NAME --force` where the server is."

static bool can_be_read(struct doctor *d, enum where_setting which)
{
    const struct where_value *file = &d->where.value[which];
    if (access(file->text, R_OK) == 0)
        return true;
    doctor_tell(d, DOCTOR_FAIL, where_name(which), EXIT_USAGE,
                errno == ENOENT ? "`photond init` makes certificates; --certs names their folder."
                                : "It must be yours to read: see its owner and its permissions.",
                "cannot read %s (%s): %s", file->text, file->from, strerror(errno));
    return false;
}

static X509 *read_cert(struct doctor *d, enum where_setting which)
{
    const struct where_value *file = &d->where.value[which];
    FILE *in = can_be_read(d, which) ? fopen(file->text, "re") : NULL;
    if (!in)
        return NULL;
    X509 *cert = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    if (!cert)
        doctor_tell(d, DOCTOR_FAIL, where_name(which), EXIT_USAGE,
                    "It must be a certificate in PEM: it begins with -----BEGIN CERTIFICATE-----.",
                    "%s (%s) holds no certificate", file->text, file->from);
    return cert;
}

static bool use_ca(struct doctor *d)
{
    const struct where_value *file = &d->where.value[WHERE_CA];
    char subject[128];
    if (!file->text[0]) {
        doctor_tell(d, DOCTOR_WARN, "ca", EXIT_DONE,
                    "Name the server's with --ca, or with --certs a folder that has it.",
                    "no authority is named: those of this machine are trusted");
        return SSL_CTX_set_default_verify_paths(d->tls) == 1;
    }
    X509 *ca = read_cert(d, WHERE_CA);
    if (!ca)
        return false;
    doctor_subject(ca, subject, sizeof(subject));
    bool ok =
        doctor_dates(d, "ca", "the authority's certificate",
                     "Get the server's ca.crt as it is now, or make a new one by `photond init`.",
                     ca) &&
        SSL_CTX_load_verify_locations(d->tls, file->text, NULL) == 1;
    if (ok)
        doctor_tell(d, DOCTOR_OK, "ca", EXIT_DONE, NULL, "\"%s\" of %s (%s)", subject, file->text,
                    file->from);
    X509_free(ca);
    return ok;
}

static bool use_cert(struct doctor *d)
{
    const struct where_value *file = &d->where.value[WHERE_CERT];
    char subject[128], day[16];
    X509 *cert = read_cert(d, WHERE_CERT);
    if (!cert)
        return false;
    doctor_subject(cert, subject, sizeof(subject));
    doctor_day(X509_get0_notAfter(cert), day);
    bool ok = doctor_dates(d, "cert", "your certificate", RENEW_OURS, cert);
    if (ok && SSL_CTX_use_certificate_chain_file(d->tls, file->text) != 1) {
        doctor_tell(d, DOCTOR_FAIL, "cert", EXIT_USAGE, RENEW_OURS, "%s (%s) cannot be used: %s",
                    file->text, file->from, ERR_reason_error_string(ERR_peek_last_error()));
        ok = false;
    }
    if (ok)
        doctor_tell(d, DOCTOR_OK, "cert", EXIT_DONE, NULL, "you are \"%s\" until %s, by %s (%s)",
                    subject, day, file->text, file->from);
    X509_free(cert);
    return ok;
}

static bool use_key(struct doctor *d)
{
    const struct where_value *file = &d->where.value[WHERE_KEY];
    struct stat is;
    if (!can_be_read(d, WHERE_KEY))
        return false;
    if (SSL_CTX_use_PrivateKey_file(d->tls, file->text, SSL_FILETYPE_PEM) != 1 &&
        ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH) {
        doctor_tell(d, DOCTOR_FAIL, "key", EXIT_USAGE,
                    "It must be a private key in PEM, without a passphrase.",
                    "%s (%s) holds no key that can be used", file->text, file->from);
        return false;
    }
    if (SSL_CTX_check_private_key(d->tls) != 1) {
        doctor_tell(d, DOCTOR_FAIL, "key", EXIT_USAGE,
                    "Give the two that were made together: --cert and --key, or --certs.",
                    "%s (%s) is not the key of %s", file->text, file->from,
                    d->where.value[WHERE_CERT].text);
        return false;
    }
    if (stat(file->text, &is) == 0 && (is.st_mode & (S_IRWXG | S_IRWXO)))
        doctor_tell(d, DOCTOR_WARN, "key", EXIT_DONE, "`chmod 600` on it mends that.",
                    "%s can be read by others (mode %03o)", file->text,
                    (unsigned)is.st_mode & 0777u);
    else
        doctor_tell(d, DOCTOR_OK, "key", EXIT_DONE, NULL, "%s fits, and is yours alone",
                    file->text);
    return true;
}

/* A certificate goes with its key, and the other way round. */
static bool use_identity(struct doctor *d)
{
    bool cert = d->where.value[WHERE_CERT].text[0], key = d->where.value[WHERE_KEY].text[0];
    if (cert != key) {
        doctor_tell(d, DOCTOR_FAIL, cert ? "key" : "cert", EXIT_USAGE,
                    "Give both, --cert and --key, or --certs with a folder that has both.",
                    cert ? "there is a certificate, and no key"
                         : "there is a key, and no certificate");
        return false;
    }
    if (!cert)
        doctor_tell(d, DOCTOR_OK, "cert", EXIT_DONE, NULL, "none: you stay without a name");
    d->has_cert = cert;
    return !cert || (use_cert(d) && use_key(d));
}

bool doctor_files(struct doctor *d)
{
    d->tls = SSL_CTX_new(TLS_client_method());
    if (!d->tls) {
        doctor_tell(d, DOCTOR_FAIL, "tls", EXIT_FAILED, "This is OpenSSL's own failure.",
                    "TLS cannot be begun: %s", ERR_reason_error_string(ERR_peek_last_error()));
        return false;
    }
    bool ca = use_ca(d), identity = use_identity(d);
    if (ca && identity)
        return true;
    SSL_CTX_free(d->tls);
    d->tls = NULL;
    return false;
}
