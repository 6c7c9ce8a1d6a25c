/*
 * doctor.h - the verb `muon doctor`: what is wrong with my connection? And what its files have in common.
 *
 * It goes the way that a connection goes, one check after the other, and looks at each step itself – names by the resolver, TCP by
 * a socket, TLS by OpenSSL – since libmuon, like everybody else, is told of a failed step by those behind it in few words. In the end
 * libmuon connects, as every verb does.
 */
#ifndef MUON_CLI_DOCTOR_H
#define MUON_CLI_DOCTOR_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"
#include "cli/exits.h"
#include "cli/where.h"

/* Run it. Returns the exit code; failures have been told. */
int doctor_run(const struct args *args);

/* ---- between doctor*.c ---- */

enum { DOCTOR_HOST_BYTES = 256, DOCTOR_PORT_BYTES = 8, DOCTOR_SOON_DAYS = 30 };

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
    const struct args *args;
    struct where where;
    int32_t limit_ms; /* of each step */
    SSL_CTX *tls;     /* with our files; NULL: none, or they cannot be used */
    bool has_cert;    /* a certificate of ours is in tls */
    size_t checks, warnings, failures;
    enum exit_code code; /* of the first failure */
};

/* An address of the URL. */
struct doctor_target {
    char host[DOCTOR_HOST_BYTES]; /* without brackets */
    char port[DOCTOR_PORT_BYTES];
};

/* Tell what a check has found. DOCTOR_OK has no advice; code counts with DOCTOR_FAIL. */
void doctor_tell(struct doctor *doctor, enum doctor_verdict verdict, const char *check,
                 enum exit_code code, const char *advice, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The files that say who we are and whom we trust: makes doctor->tls of them. False: a failure has been told. */
bool doctor_files(struct doctor *doctor);

/* The host's name, then TCP. A connected descriptor, not blocking; -1: the failure has been told. */
int doctor_reach(struct doctor *doctor, const struct doctor_target *target);

/* photond's socket on this machine. False: the failure has been told. */
bool doctor_socket(struct doctor *doctor, const char *path);

/* The same as doctor_reach without a word: to look once more at what has been reached. */
int doctor_connect(const struct doctor_target *target, int32_t limit_ms);

/* The handshake, what both show each other in it, and HTTP/2 behind it, over fd. False: the failure has been told. */
bool doctor_tls(struct doctor *doctor, const struct doctor_target *target, int fd);

/* HTTP/2 without TLS. */
bool doctor_plain(struct doctor *doctor, const struct doctor_target *target, int fd);

/* libmuon's own connection, and what the server says: who it is, what time it is there, whether it can write. */
void doctor_server(struct doctor *doctor);

/* The dates of a certificate: tells what is wrong with them. False: it cannot be used now. what: "the server's certificate". */
bool doctor_dates(struct doctor *doctor, const char *check, const char *what, const char *advice,
                  X509 *cert);

/* "localhost, 127.0.0.1": the names that a certificate is for, cut at size. And its own name. */
void doctor_names(X509 *cert, char *text, size_t size);
void doctor_subject(X509 *cert, char *text, size_t size);

/* The day until which it is good, "2027-11-26". */
void doctor_day(const ASN1_TIME *time, char text[16]);

/* Wait until fd is readable, or writable. False: until_ms, by doctor_now_ms, came first. */
bool doctor_wait(int fd, short events, int64_t until_ms);
int64_t doctor_now_ms(void); /* by a clock that is never set */

#endif
