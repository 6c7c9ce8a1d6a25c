/*
 * TLS: who may connect, what is said to those who may not, and new certificates without an end of the old calls.
 */
#include <unistd.h>

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "tests/wire/certs.h"
#include "tests/wire/peer.h"

static char dir[] = "/tmp/muon-tls-test-XXXXXX";
static char cert_file[256], key_file[256], ca_file[256];
static struct pem ca, other_ca, server, client;
static struct cq *cq;

/* Put a pair where the server reads it. */
static void install(const struct pem *pem)
{
    certs_write(dir, "server.pem", pem->cert, 0644, cert_file);
    certs_write(dir, "server-key.pem", pem->key, 0600, key_file);
}

static int make(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    ca = certs_make(NULL, "Test CA", NULL, -1, 30);
    other_ca = certs_make(NULL, "Other CA", NULL, -1, 30);
    server = certs_make(&ca, "photond", "DNS:localhost,IP:127.0.0.1", -1, 30);
    client = certs_make(&ca, "orders", NULL, -1, 30);
    certs_write(dir, "ca.pem", ca.cert, 0644, ca_file);
    install(&server);
    cq = cq_open(1);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    cq_close(cq);
    unlink(cert_file);
    unlink(key_file);
    unlink(ca_file);
    rmdir(dir);
    certs_free(&ca);
    certs_free(&other_ca);
    certs_free(&server);
    certs_free(&client);
    return 0;
}

static struct tls_server *open_server(enum tls_client_auth auth)
{
    struct error error;
    struct tls_server *tls = tls_server_open(
        cert_file, key_file, auth == TLS_CLIENT_NONE ? NULL : ca_file, auth, &error);
    if (!tls)
        fail_msg("%s", error.message);
    return tls;
}

static struct tls_client_options identity(const struct pem *who)
{
    return (struct tls_client_options){ca.cert, who ? who->cert : NULL, who ? who->key : NULL,
                                       NULL};
}

/* One call of /Who to a peer. */
static struct error ask(const struct peer *peer, const char *host,
                        const struct tls_client_options *tls, char *reply)
{
    char target[64];
    snprintf(target, sizeof target, "%s:%d", host, peer->port);
    struct channel *channel = peer_connect(cq, target, tls);
    struct error status = peer_call(channel, "/test.Peer/Who", "x", reply);
    channel_close(channel);
    return status;
}

static void refused(const struct peer *peer, const struct tls_client_options *tls,
                    enum reason reason, const char *why)
{
    struct error status = ask(peer, "127.0.0.1", tls, NULL);
    assert_int_equal(status.reason, reason);
    assert_int_equal(status.grpc_status, 14);
    assert_false(status.maybe_applied);
    if (!strstr(status.message, why))
        fail_msg("\"%s\" does not say \"%s\"", status.message, why);
}

static void a_client_is_who_its_certificate_says(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sans, *identity;
    } cases[] = {
        {"orders", NULL, "orders"},
        {"orders", "DNS:orders.example,DNS:other.example", "orders.example"},
        {"orders", "URI:spiffe://example/orders", "spiffe://example/orders"},
        {"orders", "IP:192.0.2.1", "orders"},
    };
    struct peer peer;
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reply[256] = "";
        struct pem who = certs_make(&ca, cases[i].name, cases[i].sans, -1, 30);
        struct tls_client_options options = identity(&who);
        assert_int_equal(ask(&peer, "127.0.0.1", &options, reply).reason, REASON_NONE);
        assert_string_equal(reply, cases[i].identity);
        assert_int_equal(ask(&peer, "localhost", &options, reply).reason, REASON_NONE);
        certs_free(&who);
    }
    peer_stop(&peer, false);
    tls_server_free(tls);
}

/* hazards 6 */
static void two_clients_keep_their_own_identities(void **state)
{
    (void)state;
    struct peer peer;
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    char target[64], reply[256] = "";
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    struct pem billing = certs_make(&ca, "billing", NULL, -1, 30);
    struct tls_client_options a = identity(&client), b = identity(&billing);
    struct channel *orders = peer_connect(cq, target, &a), *bills = peer_connect(cq, target, &b);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(peer_call(orders, "/test.Peer/Who", "x", reply).reason, REASON_NONE);
        assert_string_equal(reply, "orders");
        assert_int_equal(peer_call(bills, "/test.Peer/Who", "x", reply).reason, REASON_NONE);
        assert_string_equal(reply, "billing");
    }
    channel_close(orders);
    channel_close(bills);
    certs_free(&billing);
    peer_stop(&peer, false);
    tls_server_free(tls);
}

static void a_client_without_the_right_certificate_is_refused(void **state)
{
    (void)state;
    struct peer peer;
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    struct pem stranger = certs_make(&other_ca, "stranger", NULL, -1, 30);
    struct tls_client_options good = identity(&client), none = identity(NULL),
                              other = identity(&stranger);
    refused(&peer, &none, REASON_STORE_UNAVAILABLE, "demands a client certificate");
    refused(&peer, &other, REASON_STORE_UNAVAILABLE, "does not accept the client's certificate");
    refused(&peer, NULL, REASON_STORE_UNAVAILABLE, "if it demands TLS, use a muon:// URL");
    assert_int_equal(ask(&peer, "127.0.0.1", &good, NULL).reason, REASON_NONE); /* it lives */
    assert_int_equal(peer.begun, 1); /* and only this came through */
    certs_free(&stranger);
    peer_stop(&peer, false);
    tls_server_free(tls);
}

static void a_server_that_is_not_the_right_one_is_refused(void **state)
{
    (void)state;
    struct peer peer, plain;
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    peer_start(&plain, "127.0.0.1:0", NULL);
    struct tls_client_options wrong_ca = identity(&client), wrong_name = wrong_ca, good = wrong_ca;
    wrong_ca.ca_pem = other_ca.cert;
    wrong_name.server_name = "photond.example";
    refused(&peer, &wrong_ca, REASON_DENIED, "the server's certificate is not accepted");
    refused(&peer, &wrong_name, REASON_DENIED, "the server's certificate is for another name");
    refused(&plain, &good, REASON_DENIED, "the server speaks plain text");
    assert_int_equal(peer.begun, 0);
    assert_int_equal(plain.begun, 0);
    good.server_name = "localhost"; /* another name of the same certificate */
    assert_int_equal(ask(&peer, "127.0.0.1", &good, NULL).reason, REASON_NONE);
    peer_stop(&peer, false);
    peer_stop(&plain, false);
    tls_server_free(tls);
}

static void a_client_certificate_may_be_optional_or_not_wanted(void **state)
{
    (void)state;
    for (int auth = TLS_CLIENT_OPTIONAL; auth <= TLS_CLIENT_NONE; auth++) {
        struct peer peer;
        char reply[256] = "unset";
        struct tls_server *tls = open_server((enum tls_client_auth)auth);
        peer_start(&peer, "127.0.0.1:0", tls);
        struct tls_client_options none = identity(NULL), good = identity(&client);
        assert_int_equal(ask(&peer, "127.0.0.1", &none, reply).reason, REASON_NONE);
        assert_string_equal(reply, "");
        assert_int_equal(ask(&peer, "127.0.0.1", &good, reply).reason, REASON_NONE);
        assert_string_equal(reply, auth == TLS_CLIENT_OPTIONAL ? "orders" : "");
        peer_stop(&peer, false);
        tls_server_free(tls);
    }
}

/* ---- ends that do not check themselves, made of bare OpenSSL ---- */

static SSL_CTX *bare(const SSL_METHOD *method, const struct pem *who)
{
    SSL_CTX *context = SSL_CTX_new(method);
    BIO *bio = BIO_new_mem_buf(who->cert, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    bio = BIO_new_mem_buf(who->key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_int_equal(SSL_CTX_use_certificate(context, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return context;
}

static void an_expired_client_is_refused_by_the_server(void **state)
{
    (void)state;
    struct peer peer;
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    struct pem expired = certs_make(&ca, "orders", NULL, -10, -1);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)peer.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    SSL_CTX *context = bare(TLS_client_method(), &expired);
    static const unsigned char h2[] = {2, 'h', '2'};
    SSL_CTX_set_alpn_protos(context, h2, sizeof h2);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    char byte;
    bool spoken = SSL_connect(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1;
    assert_false(spoken); /* a server that accepts begins with its settings */
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    certs_free(&expired);
    assert_int_equal(peer.begun, 0);
    peer_stop(&peer, false);
    tls_server_free(tls);
}

struct expired_server {
    int fd;
    SSL_CTX *context;
};

static void *serve_expired(void *arg)
{
    struct expired_server *server_side = arg;
    int fd;
    while ((fd = accept(server_side->fd, NULL, NULL)) >= 0) {
        SSL *ssl = SSL_new(server_side->context);
        SSL_set_fd(ssl, fd);
        SSL_accept(ssl);
        SSL_free(ssl);
        close(fd);
    }
    return NULL;
}

static void an_expired_server_is_refused_by_the_client(void **state)
{
    (void)state;
    struct pem expired = certs_make(&ca, "photond", "IP:127.0.0.1", -10, -1);
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof at;
    struct expired_server server_side = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                         bare(TLS_server_method(), &expired)};
    assert_int_equal(bind(server_side.fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(server_side.fd, 8), 0);
    assert_int_equal(getsockname(server_side.fd, (struct sockaddr *)&at, &len), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, serve_expired, &server_side), 0);
    struct peer nobody = {.port = ntohs(at.sin_port)};
    struct tls_client_options good = identity(&client);
    refused(&nobody, &good, REASON_DENIED, "it has expired, or the CA file");
    shutdown(server_side.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(server_side.fd);
    SSL_CTX_free(server_side.context);
    certs_free(&expired);
}

/* ---- files ---- */

static void unusable(const char *why)
{
    struct error error = {0};
    assert_null(tls_server_open(cert_file, key_file, ca_file, TLS_CLIENT_REQUIRED, &error));
    assert_int_equal(error.reason, REASON_INVALID_ARGUMENT);
    if (!strstr(error.message, why))
        fail_msg("\"%s\" does not say \"%s\"", error.message, why);
}

static void files_that_cannot_be_used_are_explained(void **state)
{
    (void)state;
    struct error error;
    struct pem expired = certs_make(&ca, "photond", NULL, -10, -1),
               early = certs_make(&ca, "photond", NULL, 1, 2);
    certs_write(dir, "server-key.pem", client.key, 0600, key_file);
    unusable("is not the key of the certificate");
    certs_write(dir, "server-key.pem", "no key", 0600, key_file);
    unusable("holds no private key");
    certs_write(dir, "server-key.pem", server.key, 0644, key_file);
    unusable("chmod 600");
    unlink(key_file);
    unusable("No such file");
    install(&expired);
    unusable("has expired");
    install(&early);
    unusable("is not valid yet");
    install(&server);
    certs_write(dir, "server.pem", "", 0644, cert_file);
    unusable("holds no certificate");
    install(&server);
    certs_write(dir, "ca.pem", "nonsense", 0644, ca_file);
    unusable("ca.pem holds no certificate");
    certs_write(dir, "ca.pem", ca.cert, 0644, ca_file);
    assert_null(tls_server_open(cert_file, key_file, NULL, TLS_CLIENT_REQUIRED, &error));
    assert_true(tls_client_check(ca.cert, client.cert, client.key, &error));
    assert_false(tls_client_check(ca.cert, client.cert, NULL, &error));
    assert_false(tls_client_check(ca.cert, expired.cert, expired.key, &error));
    assert_non_null(strstr(error.message, "the client's certificate has expired"));
    assert_false(tls_client_check("x", NULL, NULL, &error));
    certs_free(&expired);
    certs_free(&early);
}

static void new_certificates_are_shown_to_new_connections_only(void **state)
{
    (void)state;
    struct peer peer;
    struct error error;
    struct talk talk;
    char target[64];
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    struct tls_client_options old_name = identity(&client), new_name = old_name;
    new_name.server_name = "renamed";
    struct channel *channel = peer_connect(cq, target, &old_name);
    talk_start(&talk, channel, "/test.Peer/Chat", -1, false);
    client_call_read(talk.call);
    talk_send(&talk, text_span("before"), false);
    talk_await_messages(&talk, 1);
    refused(&peer, &new_name, REASON_DENIED, "another name");

    struct pem renamed = certs_make(&ca, "photond", "DNS:renamed", -1, 30);
    install(&renamed);
    assert_true(tls_server_reload(tls, &error));
    assert_int_equal(ask(&peer, "127.0.0.1", &new_name, NULL).reason, REASON_NONE);
    refused(&peer, &old_name, REASON_DENIED, "another name");
    talk_send(&talk, text_span("after"), false); /* the call that runs is not touched */
    talk_await_messages(&talk, 2);

    certs_write(dir, "server-key.pem", client.key, 0600, key_file);
    assert_false(tls_server_reload(tls, &error)); /* what was in force stays */
    assert_int_equal(ask(&peer, "127.0.0.1", &new_name, NULL).reason, REASON_NONE);
    install(&server);
    client_call_end(talk.call);
    assert_int_equal(talk_await_end(&talk)->reason, REASON_NONE);
    talk_free(&talk);
    channel_close(channel);
    certs_free(&renamed);
    peer_stop(&peer, false);
    tls_server_free(tls);
}

static void garbage_at_a_tls_port_does_no_harm(void **state)
{
    (void)state;
    struct peer peer;
    uint64_t seed = 5;
    struct tls_server *tls = open_server(TLS_CLIENT_REQUIRED);
    peer_start(&peer, "127.0.0.1:0", tls);
    struct tls_client_options good = identity(&client);
    for (int i = 0; i < 10; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)peer.port)};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        uint8_t garbage[256];
        for (size_t k = 0; k < sizeof garbage; k++)
            garbage[k] = (uint8_t)raw_random(&seed);
        if (i % 2)
            memcpy(garbage, "\x16\x03\x01\x00\xf0", 5); /* it begins like a handshake */
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        assert_true(send(fd, garbage, sizeof garbage, MSG_NOSIGNAL) > 0);
        close(fd);
    }
    assert_int_equal(ask(&peer, "127.0.0.1", &good, NULL).reason, REASON_NONE);
    peer_stop(&peer, false);
    tls_server_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_who_its_certificate_says),
        cmocka_unit_test(two_clients_keep_their_own_identities),
        cmocka_unit_test(a_client_without_the_right_certificate_is_refused),
        cmocka_unit_test(a_server_that_is_not_the_right_one_is_refused),
        cmocka_unit_test(a_client_certificate_may_be_optional_or_not_wanted),
        cmocka_unit_test(an_expired_client_is_refused_by_the_server),
        cmocka_unit_test(an_expired_server_is_refused_by_the_client),
        cmocka_unit_test(files_that_cannot_be_used_are_explained),
        cmocka_unit_test(new_certificates_are_shown_to_new_connections_only),
        cmocka_unit_test(garbage_at_a_tls_port_does_no_harm),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
