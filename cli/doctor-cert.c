/*
 * doctor-cert.c - what a certificate says of itself, in words.
 */
#include "cli/doctor.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void doctor_day(const ASN1_TIME *at, char text[16])
{
    struct tm day;
    if (ASN1_TIME_to_tm(at, &day) != 1 || strftime(text, 16, "%Y-%m-%d", &day) == 0)
        snprintf(text, 16, "?");
}

/* A name is somebody else's text: nothing of it may move a terminal's cursor. */
static void tame(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void doctor_subject(X509 *cert, char *text, size_t size)
{
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text, (int)size) < 0)
        snprintf(text, size, "?");
    tame(text);
}

static size_t put_name(const GENERAL_NAME *name, const char *comma, char *text, size_t size)
{
    char number[INET6_ADDRSTRLEN];
    int put = 0;
    if (name->type == GEN_DNS) {
        put = snprintf(text, size, "%s%.*s", comma, ASN1_STRING_length(name->d.dNSName),
                       (const char *)ASN1_STRING_get0_data(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
        int len = ASN1_STRING_length(name->d.iPAddress);
        if ((len == 4 || len == 16) &&
            inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress),
                      number, sizeof(number)))
            put = snprintf(text, size, "%s%s", comma, number);
    }
    return put > 0 ? (size_t)put : 0;
}

void doctor_names(X509 *cert, char *text, size_t size)
{
    size_t len = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    text[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && len + 1 < size; i++)
        len += put_name(sk_GENERAL_NAME_value(names, i), len ? ", " : "", text + len, size - len);
    GENERAL_NAMES_free(names);
    if (len == 0)
        doctor_subject(cert, text, size);
    tame(text);
}

bool doctor_dates(struct doctor *d, const char *check, const char *what, const char *advice,
                  X509 *cert)
{
    char day[16], today[16];
    int days, seconds;
    const ASN1_TIME *begin = X509_get0_notBefore(cert), *end = X509_get0_notAfter(cert);
    time_t now = time(NULL);
    ASN1_TIME *here = ASN1_TIME_set(NULL, now);
    doctor_day(here, today);
    ASN1_TIME_free(here);
    if (X509_cmp_time(begin, &now) > 0) {
        doctor_day(begin, day);
        doctor_tell(d, DOCTOR_FAIL, check, EXIT_DENIED,
                    "Is the clock of this machine right? If so, it was made where one is not.",
                    "%s is good from %s on only, and here it is %s", what, day, today);
        return false;
    }
    doctor_day(end, day);
    if (X509_cmp_time(end, &now) < 0) {
        doctor_tell(d, DOCTOR_FAIL, check, EXIT_DENIED, advice,
                    "%s has expired on %s, and here it is %s", what, day, today);
        return false;
    }
    if (ASN1_TIME_diff(&days, &seconds, NULL, end) == 1 && days < DOCTOR_SOON_DAYS)
        doctor_tell(d, DOCTOR_WARN, check, EXIT_DONE, advice, "%s expires in %d day%s, on %s", what,
                    days, days == 1 ? "" : "s", day);
    return true;
}
