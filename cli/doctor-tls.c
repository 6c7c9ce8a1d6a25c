/*
 * doctor-tls.c - the handshake, looked at from within.
 *
 * A certificate that is not accepted does not end the handshake here: all that is wrong with it is told, and then the way ends. With TLS
 * 1.3 a client has shaken hands before the server has looked at its certificate; whether that was accepted is known by the first
 * bytes behind the handshake, which are the server's HTTP/2 settings.
 */
#include "cli/doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How a connection of HTTP/2 begins, with empty settings; and the head of what answers it, a frame of settings. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
enum {
    PREFACE_BYTES = sizeof(preface) - 1,
    HEAD_BYTES = 9,
    FRAME_TYPE = 3,
    SETTINGS = 4,
    TLS_ALERT = 0x15
};

struct shake {
    struct doctor *doctor;
    const struct doctor_target *target;
    SSL *ssl;
    int fd;
    int64_t until_ms;
    int fault; /* the first X509_V_ERR_*, and where in the chain */
    int depth;
    bool asked; /* the server wants a certificate of ours */
};

static struct shake *shake_of(SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

/* Go on all the same, and keep the first fault. */
static int on_verify(int good, X509_STORE_CTX *store)
{
    struct shake *s =
        shake_of(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (!good && s->fault == X509_V_OK) {
        s->fault = X509_STORE_CTX_get_error(store);
        s->depth = X509_STORE_CTX_get_error_depth(store);
    }
    return 1;
}

static int on_asked(SSL *ssl, void *user)
{
    (void)user;
    shake_of(ssl)->asked = true;
    return 1;
}

/* Until what OpenSSL wants can be done. False: there is nothing to wait for, or no time left. */
static bool wait_for(struct shake *s, int result)
{
    int wants = SSL_get_error(s->ssl, result);
    if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
        return false;
    return doctor_wait(s->fd, wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, s->until_ms);
}

static bool is_late(const struct shake *s)
{
    return doctor_now_ms() >= s->until_ms;
}

/* ---- the handshake ---- */

static void tell_no_handshake(struct shake *s, int system_error)
{
    struct doctor *d = s->doctor;
    unsigned long error = ERR_peek_last_error();
    int reason = ERR_GET_REASON(error);
    if (is_late(s))
        doctor_tell(
            d, DOCTOR_FAIL, "tls", EXIT_UNREACHABLE,
            "Something takes connections there and says nothing: another program, a photond "
            "that hangs, or a firewall.",
            "no answer to the beginning of TLS within %d ms", d->limit_ms);
    else if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
             reason == SSL_R_UNEXPECTED_MESSAGE || reason == SSL_R_PACKET_LENGTH_TOO_LONG)
        doctor_tell(
            d, DOCTOR_FAIL, "tls", EXIT_DENIED,
            "If that is a photond without TLS, its URL begins with muon+insecure://; else it "
            "is the wrong port.",
            "what answers there does not speak TLS");
    else if (error == 0)
        doctor_tell(d, DOCTOR_FAIL, "tls", EXIT_UNREACHABLE,
                    "Something else listens there, or a photond without TLS: its URL begins with "
                    "muon+insecure://.",
                    "the connection was closed in the middle of the handshake%s%s",
                    system_error ? ": " : "", system_error ? strerror(system_error) : "");
    else
        doctor_tell(d, DOCTOR_FAIL, "tls", EXIT_DENIED, "The server's log has its side of it.",
                    "the handshake fails: %s", ERR_reason_error_string(error));
}

static bool shake_hands(struct shake *s)
{
    int result;
    ERR_clear_error();
    do {
        errno = 0;
        result = SSL_connect(s->ssl);
    } while (result != 1 && wait_for(s, result));
    if (result != 1)
        tell_no_handshake(s, errno);
    return result == 1;
}

/* ---- the server's certificate ---- */

static bool is_for(X509 *cert, const char *host)
{
    unsigned char number[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1)
        return X509_check_ip_asc(cert, host, 0) == 1;
    return X509_check_host(cert, host, 0, 0, NULL) == 1;
}

static const char *authority(const struct doctor *d)
{
    const char *file = d->where.value[WHERE_CA].text;
    return file[0] ? file : "this machine's authorities";
}

static void tell_fault(struct shake *s, X509 *cert)
{
    struct doctor *d = s->doctor;
    char subject[128];
    doctor_subject(cert, subject, sizeof(subject));
    switch (s->fault) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        doctor_tell(d, DOCTOR_FAIL, "server-cert", EXIT_DENIED,
                    "Name the ca.crt of that server with --ca or --certs; if you have it, somebody "
                    "else answers there.",
                    "the certificate of \"%s\" is not signed by %s", subject, authority(d));
        break;
    default:
        doctor_tell(d, DOCTOR_FAIL, "server-cert", EXIT_DENIED,
                    "Have it made anew where the server is: `photond cert DIR server --force`.",
                    "the certificate of \"%s\" is not accepted: %s%s", subject,
                    X509_verify_cert_error_string(s->fault),
                    s->depth > 0 ? ", further up in its chain" : "");
    }
}

static bool is_date(int fault)
{
    return fault == X509_V_ERR_CERT_HAS_EXPIRED || fault == X509_V_ERR_CERT_NOT_YET_VALID;
}

static bool accept_server(struct shake *s)
{
    struct doctor *d = s->doctor;
    X509 *cert = SSL_get0_peer_certificate(s->ssl);
    char names[256], subject[128], day[16];
    if (!cert) {
        doctor_tell(d, DOCTOR_FAIL, "server-cert", EXIT_DENIED, "It is no photond.",
                    "the server shows no certificate");
        return false;
    }
    bool ok = doctor_dates(
        d, "server-cert", "the server's certificate",
        "Have it made anew where the server is: `photond cert DIR server --force`.", cert);
    if (s->fault != X509_V_OK && !(is_date(s->fault) && s->depth == 0)) {
        tell_fault(s, cert);
        ok = false;
    }
    doctor_names(cert, names, sizeof(names));
    if (!is_for(cert, s->target->host)) {
        doctor_tell(
            d, DOCTOR_FAIL, "server-cert", EXIT_DENIED,
            "Connect by a name that it is for, or have one made that is for yours: `photond "
            "cert DIR server --name HOST --force`.",
            "the server's certificate is for %s, and not for \"%s\"", names, s->target->host);
        ok = false;
    }
    doctor_subject(cert, subject, sizeof(subject));
    doctor_day(X509_get0_notAfter(cert), day);
    if (ok)
        doctor_tell(d, DOCTOR_OK, "server-cert", EXIT_DONE, NULL, "\"%s\" until %s, for %s",
                    subject, day, names);
    return ok;
}

/* ---- behind the handshake ---- */

static bool offers_http2(struct shake *s)
{
    const unsigned char *chosen;
    unsigned len;
    SSL_get0_alpn_selected(s->ssl, &chosen, &len);
    if (len == 2 && memcmp(chosen, "h2", 2) == 0) {
        doctor_tell(s->doctor, DOCTOR_OK, "tls", EXIT_DONE, NULL, "%s, %s, HTTP/2",
                    SSL_get_version(s->ssl), SSL_get_cipher_name(s->ssl));
        return true;
    }
    doctor_tell(s->doctor, DOCTOR_FAIL, "tls", EXIT_UNREACHABLE,
                "It is no photond: is that the right port, or a proxy before it?",
                "the server speaks TLS, and no HTTP/2 (ALPN)");
    return false;
}

/* The alerts by which a server refuses a certificate. */
static bool is_refusal(int reason)
{
    switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        return true;
    default:
        return false;
    }
}

static void tell_no_settings(struct shake *s)
{
    struct doctor *d = s->doctor;
    unsigned long error = ERR_peek_last_error();
    if (is_late(s))
        doctor_tell(d, DOCTOR_FAIL, "http2", EXIT_UNREACHABLE,
                    "It is no photond, or one that hangs.", "no HTTP/2 behind TLS within %d ms",
                    d->limit_ms);
    else if (s->asked && !d->has_cert)
        doctor_tell(d, DOCTOR_FAIL, "cert", EXIT_DENIED,
                    "Give yours with --cert and --key, or --certs; `photond cert DIR client NAME` "
                    "makes one.",
                    "the server wants a certificate of you, and you have given none");
    else if (s->asked || is_refusal(ERR_GET_REASON(error)))
        doctor_tell(
            d, DOCTOR_FAIL, "cert", EXIT_DENIED,
            "Give one that the server's authority has signed; its log says what it dislikes.",
            "the server does not accept your certificate%s%s", error ? ": " : "",
            error ? ERR_reason_error_string(error) : "");
    else
        doctor_tell(d, DOCTOR_FAIL, "http2", EXIT_UNREACHABLE,
                    "It is no photond: is that the right port, or a proxy before it?",
                    "the server has closed the connection behind the handshake%s%s",
                    error ? ": " : "", error ? ERR_reason_error_string(error) : "");
}

static bool greet(struct shake *s)
{
    unsigned char head[HEAD_BYTES];
    size_t len = 0;
    int result;
    ERR_clear_error();
    do
        result = SSL_write(s->ssl, preface, PREFACE_BYTES);
    while (result <= 0 && wait_for(s, result));
    while (result > 0 && len < sizeof(head)) {
        do
            result = SSL_read(s->ssl, head + len, (int)(sizeof(head) - len));
        while (result <= 0 && wait_for(s, result));
        len += result > 0 ? (size_t)result : 0;
    }
    if (len < sizeof(head) || head[FRAME_TYPE] != SETTINGS) {
        tell_no_settings(s);
        return false;
    }
    if (s->asked && s->doctor->has_cert)
        doctor_tell(s->doctor, DOCTOR_OK, "accepted", EXIT_DONE, NULL,
                    "the server accepts your certificate");
    return true;
}

bool doctor_tls(struct doctor *d, const struct doctor_target *target, int fd)
{
    static const unsigned char http2[] = "\2h2";
    unsigned char number[sizeof(struct in6_addr)];
    struct shake s = {.doctor = d,
                      .target = target,
                      .ssl = SSL_new(d->tls),
                      .fd = fd,
                      .until_ms = doctor_now_ms() + d->limit_ms};
    if (!s.ssl) {
        doctor_tell(d, DOCTOR_FAIL, "tls", EXIT_FAILED, "This is OpenSSL's own failure.",
                    "TLS cannot be begun");
        return false;
    }
    SSL_set_app_data(s.ssl, &s);
    SSL_set_verify(s.ssl, SSL_VERIFY_PEER, on_verify);
    SSL_set_cert_cb(s.ssl, on_asked, NULL);
    SSL_set_alpn_protos(s.ssl, http2, sizeof(http2) - 1);
    SSL_set_fd(s.ssl, fd);
    if (inet_pton(AF_INET, target->host, number) != 1 &&
        inet_pton(AF_INET6, target->host, number) != 1)
        SSL_set_tlsext_host_name(s.ssl, target->host);
    bool ok = shake_hands(&s);
    if (ok) {
        bool http = offers_http2(&s), accepted = accept_server(&s);
        ok = http && accepted && greet(&s);
    }
    SSL_free(s.ssl);
    return ok;
}

/* ---- without TLS ---- */

/* A server that wants TLS closes the connection of whoever does not: a handshake tells whether it was that. */
static bool speaks_tls(const struct doctor_target *target, int32_t limit_ms)
{
    int result = -1, fd = doctor_connect(target, limit_ms);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context && fd >= 0 ? SSL_new(context) : NULL;
    struct shake s = {.ssl = ssl, .fd = fd, .until_ms = doctor_now_ms() + limit_ms};
    if (ssl) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        SSL_set_fd(ssl, fd);
        do
            result = SSL_connect(ssl);
        while (result != 1 && wait_for(&s, result));
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    if (fd >= 0)
        close(fd);
    return result == 1;
}

/* Read what answers our preface. */
static size_t exchange(int fd, unsigned char head[HEAD_BYTES], int64_t until_ms)
{
    size_t len = 0;
    ssize_t got;
    if (send(fd, preface, PREFACE_BYTES, MSG_NOSIGNAL) != PREFACE_BYTES)
        return 0;
    while (len < HEAD_BYTES && doctor_wait(fd, POLLIN, until_ms) &&
           (got = recv(fd, head + len, HEAD_BYTES - len, 0)) > 0)
        len += (size_t)got;
    return len;
}

bool doctor_plain(struct doctor *d, const struct doctor_target *target, int fd)
{
    unsigned char head[HEAD_BYTES] = {0};
    int64_t until_ms = doctor_now_ms() + d->limit_ms;
    size_t len = exchange(fd, head, until_ms);
    bool late = doctor_now_ms() >= until_ms;
    if (len == HEAD_BYTES && head[FRAME_TYPE] == SETTINGS) {
        doctor_tell(d, DOCTOR_OK, "http2", EXIT_DONE, NULL, "without TLS");
        return true;
    }
    if ((len > 0 && head[0] == TLS_ALERT) || (!late && speaks_tls(target, d->limit_ms)))
        doctor_tell(d, DOCTOR_FAIL, "http2", EXIT_DENIED,
                    "Its URL begins with muon://, and it wants certificates.",
                    "the server speaks TLS, and you do not");
    else if (len > 0)
        doctor_tell(d, DOCTOR_FAIL, "http2", EXIT_UNREACHABLE,
                    "It is no photond: is that the right port?",
                    "what answers there does not speak HTTP/2");
    else if (late)
        doctor_tell(d, DOCTOR_FAIL, "http2", EXIT_UNREACHABLE,
                    "Something takes connections there and says nothing: another program, a "
                    "photond that hangs, or a firewall.",
                    "no answer within %d ms", d->limit_ms);
    else
        doctor_tell(d, DOCTOR_FAIL, "http2", EXIT_UNREACHABLE,
                    "It is no photond: is that the right port?",
                    "the server has closed the connection at once");
    return false;
}
