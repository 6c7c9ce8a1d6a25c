/*
 * running_test.c - a real photond as its operator meets it: directories that cannot be used, certificates, TLS from outside, signals.
 * (Exit codes that take a store in a strange state: tests/store/process_test.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/exit_codes.h"
#include "tests/lib/photond.h"
#include "tests/lib/tempdir.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct photond *new_photond(bool plain)
{
    struct photond_options options = {.plain = plain};
    return photond_new(&options);
}

static void assert_log(struct photond *p, const char *part)
{
    char *log = photond_log(p);
    if (!strstr(log, part))
        fail_msg("\"%s\" is not in \"%s\"", part, log);
    free(log);
}

static void assert_refuses(struct photond *p, int code, const char *part)
{
    bool started = photond_start(p);
    if (started || photond_exit_code(p) != code) {
        char *log = photond_log(p);
        fail_msg("exit code %d instead of %d: %s", photond_exit_code(p), code, log);
    }
    assert_log(p, part);
}

static char *data_path(struct photond *p, const char *name)
{
    char *data = tempdir_path(photond_dir(p), "data");
    char *path = name ? tempdir_path(data, name) : strdup(data);
    free(data);
    return path;
}

/* ---- directories ---- */
static void a_directory_that_cannot_be_used_is_named_and_left_alone(void **state)
{
    (void)state;
    struct photond *p = new_photond(true);
    char *data = data_path(p, NULL);
    photond_set_args(p, ARGS("--create-store=no"));
    assert_refuses(p, EXIT_CODE_STORE_UNREADABLE, data);
    assert_int_not_equal(access(data, F_OK), 0);
    photond_set_args(p, NULL);
    tempdir_write(data, "a file, not a directory");
    assert_refuses(p, EXIT_CODE_STORE_UNREADABLE, data);
    assert_int_equal(unlink(data), 0);

    assert_int_equal(mkdir(data, 0700), 0);
    char *note = data_path(p, "notes.txt");
    tempdir_write(note, "somebody else's");
    assert_refuses(p, EXIT_CODE_STORE_FOREIGN, data);
    char *text = tempdir_read(note, NULL);
    assert_string_equal(text, "somebody else's");
    free(text);
    free(note);
    free(data);
    photond_free(p);
}

static void two_do_not_work_on_one_directory(void **state)
{
    (void)state;
    struct photond *first = new_photond(true), *second = new_photond(true);
    char *data = data_path(first, NULL);
    assert_true(photond_start(first));
    photond_set_args(second, ARGS("--data-dir", data));
    assert_refuses(second, EXIT_CODE_STORE_LOCKED, data);
    assert_int_equal(photond_stop(first), EXIT_CODE_OK);
    assert_true(photond_start(second));
    free(data);
    photond_free(second);
    photond_free(first);
}

/* A file in the store's directory with something in it replaced. */
static void edit(const char *path, const char *what, const char *with)
{
    char *text = tempdir_read(path, NULL), *at = text ? strstr(text, what) : NULL;
    assert_non_null(at);
    assert_int_equal(strlen(what), strlen(with));
    memcpy(at, with, strlen(with));
    tempdir_write(path, text);
    free(text);
}

static void a_store_of_another_format_is_refused(void **state)
{
    (void)state;
    struct photond *p = new_photond(true);
    char *label = data_path(p, "PHOTON");
    assert_true(photond_start(p));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    edit(label, "format 3", "format 9");
    assert_refuses(p, EXIT_CODE_STORE_FORMAT, "newer");
    edit(label, "format 9", "format 2");
    assert_refuses(p, EXIT_CODE_STORE_FORMAT, "muon backup");
    edit(label, "format 2", "format 3");
    assert_true(photond_start(p));
    free(label);
    photond_free(p);
}

/* A flipped byte in LevelDB's list of files. (Flips anywhere else: log_test, verify_test.) */
static void a_damaged_store_is_refused(void **state)
{
    (void)state;
    struct photond *p = new_photond(true);
    char *manifest = data_path(p, "data/MANIFEST-000002");
    assert_true(photond_start(p));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    int fd = open(manifest, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, 12), 1);
    byte = (char)(byte ^ 1);
    assert_int_equal(pwrite(fd, &byte, 1, 12), 1);
    close(fd);
    assert_refuses(p, EXIT_CODE_STORE_DAMAGED, photond_dir(p));
    char *said;
    assert_int_equal(photond_run(NULL, ARGS("verify", "--config", photond_conf(p)), &said),
                     EXIT_CODE_STORE_DAMAGED);
    free(said);
    free(manifest);
    photond_free(p);
}

static void a_store_keeps_its_identity_over_a_kill(void **state)
{
    (void)state;
    struct photond *p = new_photond(true);
    char ids[2][64];
    for (int i = 0; i < 2; i++) {
        assert_true(photond_start(p));
        char *log = photond_log(p), *id = strstr(log, "\"store_id\":\"");
        assert_non_null(id);
        snprintf(ids[i], sizeof ids[i], "%.48s", id);
        free(log);
        photond_kill(p);
    }
    assert_string_equal(ids[0], ids[1]);
    photond_free(p);
}

static void verify_finds_a_sound_store_sound_and_a_running_one_locked(void **state)
{
    (void)state;
    struct photond *p = new_photond(true);
    char *said;
    assert_true(photond_start(p));
    assert_int_equal(photond_run(NULL, ARGS("verify", "--config", photond_conf(p)), &said),
                     EXIT_CODE_STORE_LOCKED);
    free(said);
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    assert_int_equal(photond_run(NULL, ARGS("verify", "--config", photond_conf(p)), &said),
                     EXIT_CODE_OK);
    assert_non_null(strstr(said, "0 events"));
    assert_non_null(strstr(said, ": sound\n"));
    free(said);
    photond_free(p);
}

/* ---- addresses ---- */
static void an_address_in_use_is_named(void **state)
{
    (void)state;
    struct photond *first = new_photond(true), *second = new_photond(true);
    assert_true(photond_start(first));
    photond_set_args(second, ARGS("--listen", photond_address(first)));
    assert_refuses(second, EXIT_CODE_ADDRESS, photond_address(first));
    photond_free(second);
    photond_free(first);
}

static void port_0_is_a_free_one_and_several_listeners_are_served(void **state)
{
    (void)state;
    struct photond *p = new_photond(true);
    char *file = tempdir_path(photond_dir(p), "ports"), *sock = tempdir_path(photond_dir(p), "s");
    char *unix_address;
    struct stat st;
    assert_true(asprintf(&unix_address, "unix:%s", sock) > 0);
    photond_set_args(
        p, ARGS("--listen", "127.0.0.1:0", "--listen", unix_address, "--port-file", file));
    assert_true(photond_start(p));
    int port = atoi(strchr(photond_address(p), ':') + 1);
    assert_in_range(port, 1, 65535);
    char *text = tempdir_read(file, NULL), *expected;
    assert_true(asprintf(&expected, "127.0.0.1:%d\n%s\n", port, unix_address) > 0);
    assert_string_equal(text, expected);
    assert_int_equal(stat(sock, &st), 0);
    assert_int_equal(st.st_mode & 0077, 0); /* its permissions are its guard */
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    free(expected);
    free(text);
    free(unix_address);
    free(sock);
    free(file);
    photond_free(p);
}

/* ---- TLS, as anybody could try it ---- */
struct peer {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

/* How an HTTP/2 client begins: the magic words, and empty settings. */
static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
enum { PREFACE_BYTES = 33 };

static void peer_connect(struct peer *peer, struct photond *p)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    *peer = (struct peer){0};
    in.sin_port = htons((uint16_t)atoi(strchr(photond_address(p), ':') + 1));
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&in, sizeof in), 0);
}

/* client: whose certificate to show, or NULL. Returns whether the server has let us in: with TLS 1.3 that is known once it has sent
 * something, and an HTTP/2 server begins with its settings. */
static bool peer_open(struct peer *peer, struct photond *p, const char *client, const char *host)
{
    char name[64], first[9];
    peer_connect(peer, p);
    peer->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(peer->context, photond_tls(p, "ca.crt"), NULL);
    SSL_CTX_set_verify(peer->context, SSL_VERIFY_PEER, NULL);
    if (client) {
        snprintf(name, sizeof name, "%s.crt", client);
        SSL_CTX_use_certificate_file(peer->context, photond_tls(p, name), SSL_FILETYPE_PEM);
        snprintf(name, sizeof name, "%s.key", client);
        SSL_CTX_use_PrivateKey_file(peer->context, photond_tls(p, name), SSL_FILETYPE_PEM);
    }
    peer->ssl = SSL_new(peer->context);
    SSL_set1_host(peer->ssl, host);
    SSL_set_alpn_protos(peer->ssl, (const unsigned char *)"\x02h2", 3);
    SSL_set_fd(peer->ssl, peer->fd);
    bool in_touch = SSL_connect(peer->ssl) == 1 &&
                    SSL_write(peer->ssl, PREFACE, PREFACE_BYTES) == PREFACE_BYTES &&
                    SSL_read(peer->ssl, first, sizeof first) > 0;
    ERR_clear_error();
    return in_touch;
}

static void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    close(peer->fd);
}

static bool can_enter(struct photond *p, const char *client, const char *host)
{
    struct peer peer;
    bool entered = peer_open(&peer, p, client, host);
    peer_close(&peer);
    return entered;
}

/* hazards 7 */
static void nobody_enters_without_a_certificate_of_the_authority(void **state)
{
    (void)state;
    struct photond *p = new_photond(false), *stranger = new_photond(false);
    assert_true(photond_start(p));
    assert_true(can_enter(p, "client", "localhost"));
    assert_true(can_enter(p, "other", "localhost"));
    assert_false(can_enter(p, NULL, "localhost"));
    /* Another authority's client, to whom our server looks right. */
    char *crt = tempdir_read(photond_tls(stranger, "client.crt"), NULL);
    char *key = tempdir_read(photond_tls(stranger, "client.key"), NULL);
    tempdir_write(photond_tls(p, "stranger.crt"), crt);
    tempdir_write(photond_tls(p, "stranger.key"), key);
    assert_false(can_enter(p, "stranger", "localhost"));
    free(crt);
    free(key);
    photond_free(stranger);
    photond_free(p);
}

/* Sign NAME.crt again, good from and to so many seconds from now. */
static void redate(struct photond *p, const char *name, long from_s, long to_s)
{
    FILE *in = fopen(photond_tls(p, name), "re"), *ca = fopen(photond_tls(p, "ca.key"), "re");
    assert_true(in && ca);
    X509 *cert = PEM_read_X509(in, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_PrivateKey(ca, NULL, NULL, NULL);
    fclose(in);
    fclose(ca);
    X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), to_s);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *out = fopen(photond_tls(p, name), "we");
    assert_non_null(out);
    PEM_write_X509(out, cert);
    fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void certificates_out_of_date_are_refused(void **state)
{
    (void)state;
    struct photond *p = new_photond(false);
    redate(p, "other.crt", -7200, -3600);
    assert_true(photond_start(p));
    assert_true(can_enter(p, "client", "localhost"));
    assert_false(can_enter(p, "other", "localhost"));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    redate(p, "server.crt", -3600, 7 * 86400 + 3600);
    assert_true(photond_start(p));
    assert_log(p, "\"message\":\"a certificate ends soon\"");
    assert_log(p, "server.crt\",\"days_left\":7");
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    redate(p, "server.crt", -7200, -3600);
    assert_refuses(p, EXIT_CODE_CERTS, "server.crt has expired");
    photond_free(p);
}

static void plain_text_does_not_enter_where_tls_is_spoken_nor_tls_where_it_is_not(void **state)
{
    (void)state;
    struct photond *tls = new_photond(false), *plain = new_photond(true);
    struct peer peer = {0};
    char byte;
    ssize_t n;
    assert_true(photond_start(tls));
    peer_connect(&peer, tls);
    assert_int_equal(write(peer.fd, PREFACE, PREFACE_BYTES), PREFACE_BYTES);
    while ((n = read(peer.fd, &byte, 1)) > 0) /* an alert, perhaps, but no HTTP/2 frame */
        assert_int_not_equal(byte, 0);
    peer_close(&peer);

    assert_true(photond_start(plain));
    peer_connect(&peer, plain);
    peer.context = SSL_CTX_new(TLS_client_method());
    peer.ssl = SSL_new(peer.context);
    SSL_set_fd(peer.ssl, peer.fd);
    assert_int_not_equal(SSL_connect(peer.ssl), 1);
    ERR_clear_error();
    peer_close(&peer);
    photond_free(plain);
    photond_free(tls);
}

static void the_servers_name_can_be_checked(void **state)
{
    (void)state;
    struct photond *p = new_photond(false);
    assert_true(photond_start(p));
    assert_true(can_enter(p, "client", "127.0.0.1"));
    assert_false(can_enter(p, "client", "elsewhere.example"));
    photond_free(p);
}

static void anonymous_clients_enter_only_with_the_insecure_flag(void **state)
{
    (void)state;
    struct photond *p = new_photond(false);
    photond_set_args(p, ARGS("--insecure-anonymous-clients"));
    assert_true(photond_start(p));
    assert_log(p, "\"setting\":\"insecure-anonymous-clients\"");
    assert_true(can_enter(p, NULL, "localhost"));
    assert_true(can_enter(p, "client", "localhost"));
    photond_free(p);
}

static char *serial_of(struct peer *peer)
{
    X509 *cert = SSL_get1_peer_certificate(peer->ssl);
    assert_non_null(cert);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *text = BN_bn2hex(number);
    BN_free(number);
    X509_free(cert);
    return text;
}

static void a_hangup_shows_the_new_certificate_and_keeps_old_connections(void **state)
{
    (void)state;
    struct photond *p = new_photond(false);
    struct peer before, after;
    char byte;
    assert_true(photond_start(p));
    assert_true(peer_open(&before, p, "client", "localhost"));
    assert_int_equal(photond_run(NULL, ARGS("cert", photond_dir(p), "server", "--force"), NULL),
                     EXIT_CODE_OK);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "certificates reloaded"));
    assert_true(peer_open(&after, p, "client", "localhost"));
    char *old = serial_of(&before), *new = serial_of(&after);
    assert_string_not_equal(old, new);
    /* The old connection has not been closed: nothing can be read from it, not even its end, but what was sent. */
    int flags = fcntl(before.fd, F_GETFL);
    fcntl(before.fd, F_SETFL, flags | O_NONBLOCK);
    int rc;
    while ((rc = SSL_read(before.ssl, &byte, 1)) > 0) {
    }
    assert_int_equal(SSL_get_error(before.ssl, rc), SSL_ERROR_WANT_READ);
    OPENSSL_free(old);
    OPENSSL_free(new);
    peer_close(&before);
    peer_close(&after);
    photond_free(p);
}

static void a_key_that_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    struct photond *p = new_photond(false);
    char *key = tempdir_read(photond_tls(p, "client.key"), NULL);
    assert_true(photond_start(p));
    tempdir_write(photond_tls(p, "server.key"), key);
    photond_signal(p, SIGHUP);
    assert_true(photond_wait_log(p, "certificates not reloaded"));
    assert_true(can_enter(p, "client", "localhost"));
    assert_int_equal(photond_stop(p), EXIT_CODE_OK);
    assert_refuses(p, EXIT_CODE_CERTS, "server.key");
    free(key);
    photond_free(p);
}

/* ---- signals ---- */
static void each_stopping_signal_ends_it_in_order(void **state)
{
    (void)state;
    static const int SIGNALS[] = {SIGTERM, SIGINT};
    struct photond *p = new_photond(true);
    for (size_t i = 0; i < 2; i++) {
        assert_true(photond_start(p));
        photond_signal(p, SIGNALS[i]);
        assert_int_equal(photond_wait(p), EXIT_CODE_OK);
        assert_log(p, "\"message\":\"drained\"");
        assert_log(p, "\"message\":\"stopped\"");
    }
    photond_free(p);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(a_directory_that_cannot_be_used_is_named_and_left_alone),
        cmocka_unit_test(two_do_not_work_on_one_directory),
        cmocka_unit_test(a_store_of_another_format_is_refused),
        cmocka_unit_test(a_damaged_store_is_refused),
        cmocka_unit_test(a_store_keeps_its_identity_over_a_kill),
        cmocka_unit_test(verify_finds_a_sound_store_sound_and_a_running_one_locked),
        cmocka_unit_test(an_address_in_use_is_named),
        cmocka_unit_test(port_0_is_a_free_one_and_several_listeners_are_served),
        cmocka_unit_test(nobody_enters_without_a_certificate_of_the_authority),
        cmocka_unit_test(certificates_out_of_date_are_refused),
        cmocka_unit_test(plain_text_does_not_enter_where_tls_is_spoken_nor_tls_where_it_is_not),
        cmocka_unit_test(the_servers_name_can_be_checked),
        cmocka_unit_test(anonymous_clients_enter_only_with_the_insecure_flag),
        cmocka_unit_test(a_hangup_shows_the_new_certificate_and_keeps_old_connections),
        cmocka_unit_test(a_key_that_does_not_fit_is_refused_by_name),
        cmocka_unit_test(each_stopping_signal_ends_it_in_order),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
