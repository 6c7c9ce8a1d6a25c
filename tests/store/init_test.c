/* init_test.c - photond init and cert: what they make is right, private and whole, and nothing is overwritten: init.c, pki.c, certs.c, files.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/certs.h"
#include "store/config.h"
#include "store/init.h"
#include "store/pki.h"
#include "tests/lib/tempdir.h"
#include "wire/tls.h"

struct fixture {
    char *parent, *dir, *tls;
    char *said;
    size_t said_len;
    FILE *out;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->parent = tempdir_new();
    f->dir = tempdir_path(f->parent, "photon");
    f->tls = tempdir_path(f->dir, "tls");
    f->out = open_memstream(&f->said, &f->said_len);
    assert_non_null(f->out);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fclose(f->out);
    free(f->said);
    free(f->tls);
    free(f->dir);
    tempdir_remove(f->parent);
    free(f);
    return 0;
}

static void assert_said(struct fixture *f, const char *part)
{
    fflush(f->out);
    if (!strstr(f->said, part))
        fail_msg("\"%s\" is not in \"%s\"", part, f->said);
}

static enum exit_code init(struct fixture *f, bool force)
{
    static const char *const NAMES[] = {"db.example", "10.1.2.3"};
    static const char *const CLIENTS[] = {"orders", "view@home"};
    struct init_options options = {.dir = f->dir,
                                   .names = NAMES,
                                   .names_len = 2,
                                   .clients = CLIENTS,
                                   .clients_len = 2,
                                   .listen = "0.0.0.0:10566",
                                   .force = force};
    return init_run(&options, f->out, f->out);
}

static enum exit_code cert(struct fixture *f, const char *client, const char *name, bool force)
{
    const char *const names[] = {name};
    struct init_options options = {
        .dir = f->dir, .names = names, .names_len = name ? 1 : 0, .force = force};
    return init_cert(&options, client, f->out, f->out);
}

static unsigned mode_of(const char *dir, const char *name)
{
    struct stat st;
    char *path = tempdir_path(dir, name);
    assert_int_equal(stat(path, &st), 0);
    free(path);
    return st.st_mode & 07777;
}

static X509 *read_cert(struct fixture *f, const char *name)
{
    char *path = tempdir_path(f->tls, name);
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    X509 *x = PEM_read_X509(in, NULL, NULL, NULL);
    assert_non_null(x);
    fclose(in);
    free(path);
    return x;
}

static EVP_PKEY *read_key(struct fixture *f, const char *name)
{
    char *path = tempdir_path(f->tls, name);
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    assert_non_null(key);
    fclose(in);
    free(path);
    return key;
}

/* Does a peer that trusts ca.crt accept this certificate for this purpose? */
static bool accepted(struct fixture *f, const char *name, int purpose)
{
    X509 *ca = read_cert(f, "ca.crt"), *leaf = read_cert(f, name);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca);
    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_STORE_CTX_set_purpose(context, purpose);
    bool ok = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(ca);
    X509_free(leaf);
    return ok;
}

static void the_certificates_are_for_what_they_are_named_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    assert_true(accepted(f, "server.crt", X509_PURPOSE_SSL_SERVER));
    assert_false(accepted(f, "server.crt", X509_PURPOSE_SSL_CLIENT));
    assert_true(accepted(f, "orders.crt", X509_PURPOSE_SSL_CLIENT));
    assert_false(accepted(f, "orders.crt", X509_PURPOSE_SSL_SERVER));
    X509 *server = read_cert(f, "server.crt");
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "db.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "other.example", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "10.1.2.3", 0), 1);
    assert_true(X509_get_extension_flags(server) & EXFLAG_BCONS);
    assert_false(X509_get_extension_flags(server) & EXFLAG_CA);
    X509_free(server);
}

static void a_client_is_known_by_the_name_that_was_given(void **state)
{
    struct fixture *f = *state;
    char name[100];
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    X509 *client = read_cert(f, "view@home.crt");
    X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName, name, sizeof name);
    assert_string_equal(name, "view@home");
    assert_null(X509_get_ext_d2i(client, NID_subject_alt_name, NULL, NULL));
    X509_free(client);
}

static void each_key_fits_its_certificate_and_no_two_are_alike(void **state)
{
    static const char *const NAMES[] = {"ca", "server", "orders", "view@home"};
    struct fixture *f = *state;
    EVP_PKEY *keys[4];
    X509 *certs[4];
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    for (size_t i = 0; i < 4; i++) {
        char file[32];
        snprintf(file, sizeof file, "%s.key", NAMES[i]);
        keys[i] = read_key(f, file);
        snprintf(file, sizeof file, "%s.crt", NAMES[i]);
        certs[i] = read_cert(f, file);
        assert_int_equal(X509_check_private_key(certs[i], keys[i]), 1);
        assert_true(EVP_PKEY_is_a(keys[i], "EC"));
        assert_int_equal(EVP_PKEY_get_bits(keys[i]), 256);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(EVP_PKEY_eq(keys[i], keys[j]), 1);
            assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(certs[i]),
                                                  X509_get0_serialNumber(certs[j])),
                                 0);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY_free(keys[i]);
        X509_free(certs[i]);
    }
}

static void lifetimes_are_ten_years_and_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    char *ca = tempdir_path(f->tls, "ca.crt"), *server = tempdir_path(f->tls, "server.crt");
    assert_in_range(certs_days_left(ca), 3649, 3650);
    assert_in_range(certs_days_left(server), 364, 365);
    free(ca);
    free(server);
}

static void keys_and_directories_are_private(void **state)
{
    struct fixture *f = *state;
    mode_t before = umask(0); /* the worst there is */
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    umask(before);
    assert_int_equal(mode_of(f->parent, "photon"), 0700);
    assert_int_equal(mode_of(f->dir, "tls"), 0700);
    assert_int_equal(mode_of(f->dir, "photond.conf"), 0600);
    assert_int_equal(mode_of(f->tls, "ca.key"), 0600);
    assert_int_equal(mode_of(f->tls, "server.key"), 0600);
    assert_int_equal(mode_of(f->tls, "orders.key"), 0600);
}

static void what_init_writes_is_a_configuration_that_fits(void **state)
{
    struct fixture *f = *state;
    struct settings settings;
    char *conf = tempdir_path(f->dir, "photond.conf"), *data = tempdir_path(f->dir, "data");
    struct error error;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    assert_true(settings_init(&settings));
    assert_int_equal(config_read_file(&settings, conf, f->out), 0);
    assert_int_equal(config_check(&settings, f->out), 0);
    assert_string_equal(settings_text(&settings, SETTING_LISTEN), "0.0.0.0:10566");
    assert_string_equal(settings_text(&settings, SETTING_DATA_DIR), data);
    struct tls_server *tls = tls_server_open(
        settings_text(&settings, SETTING_TLS_CERT), settings_text(&settings, SETTING_TLS_KEY),
        settings_text(&settings, SETTING_TLS_CLIENT_CA), TLS_CLIENT_REQUIRED, &error);
    assert_non_null(tls);
    tls_server_free(tls);
    assert_said(f, "photond --config ");
    settings_fini(&settings);
    free(conf);
    free(data);
}

static void nothing_is_overwritten_without_force(void **state)
{
    struct fixture *f = *state;
    char *ca = tempdir_path(f->tls, "ca.key"), *data = tempdir_path(f->dir, "data");
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    tempdir_write(data, "the store's");
    char *before = tempdir_read(ca, NULL);
    assert_int_equal(init(f, false), EXIT_CODE_EXISTS);
    assert_said(f, "photond.conf is there already");
    char *after = tempdir_read(ca, NULL);
    assert_string_equal(before, after);
    free(after);

    assert_int_equal(init(f, true), EXIT_CODE_OK);
    after = tempdir_read(ca, NULL);
    assert_string_not_equal(before, after);
    free(after);
    after = tempdir_read(data, NULL);
    assert_string_equal(after, "the store's");
    free(after);
    free(before);
    free(data);
    free(ca);
}

static void a_client_certificate_can_be_added_and_not_replaced_without_force(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    assert_int_equal(cert(f, "reports", NULL, false), EXIT_CODE_OK);
    assert_true(accepted(f, "reports.crt", X509_PURPOSE_SSL_CLIENT));
    char *path = tempdir_path(f->tls, "reports.crt");
    char *before = tempdir_read(path, NULL);
    assert_int_equal(cert(f, "reports", NULL, false), EXIT_CODE_EXISTS);
    char *same = tempdir_read(path, NULL);
    assert_string_equal(before, same);
    assert_int_equal(cert(f, "reports", NULL, true), EXIT_CODE_OK);
    char *after = tempdir_read(path, NULL);
    assert_string_not_equal(before, after);
    free(before);
    free(same);
    free(after);
    free(path);
}

static void the_servers_certificate_anew_keeps_its_key_and_its_names(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    EVP_PKEY *before = read_key(f, "server.key");
    assert_int_equal(cert(f, NULL, "new.example", true), EXIT_CODE_OK);
    EVP_PKEY *after = read_key(f, "server.key");
    assert_int_equal(EVP_PKEY_eq(before, after), 1);
    X509 *server = read_cert(f, "server.crt");
    assert_int_equal(X509_check_private_key(server, after), 1);
    assert_int_equal(X509_check_host(server, "db.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "new.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(server, "10.1.2.3", 0), 1);
    assert_true(accepted(f, "server.crt", X509_PURPOSE_SSL_SERVER));
    X509_free(server);
    EVP_PKEY_free(before);
    EVP_PKEY_free(after);
}

static void names_that_could_lead_elsewhere_are_refused_and_nothing_is_made(void **state)
{
    static const char *const CLIENTS[] = {"",   "../x",   "a/b", ".hidden",
                                          "ca", "server", "a b", "x,y"};
    static const char *const HOSTS[] = {"", "a,DNS:b", "a b", "-x", "a..b", "*", "1.2.3.4/8"};
    struct fixture *f = *state;
    struct init_options options = {.dir = f->dir};
    for (size_t i = 0; i < sizeof CLIENTS / sizeof CLIENTS[0]; i++) {
        options.clients = &CLIENTS[i];
        options.clients_len = 1;
        assert_int_equal(init_run(&options, f->out, f->out), EXIT_CODE_USAGE);
        assert_int_equal(cert(f, CLIENTS[i], NULL, true), EXIT_CODE_USAGE);
    }
    options.clients_len = 0;
    for (size_t i = 0; i < sizeof HOSTS / sizeof HOSTS[0]; i++) {
        options.names = &HOSTS[i];
        options.names_len = 1;
        if (init_run(&options, f->out, f->out) != EXIT_CODE_USAGE)
            fail_msg("\"%s\" was taken", HOSTS[i]);
    }
    assert_int_not_equal(access(f->dir, F_OK), 0);
}

/* Run init in a process of its own where no file may grow beyond so many bytes: each write fails in its turn. */
static int init_with_room(struct fixture *f, rlim_t bytes)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit limit = {bytes, bytes};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit((int)init(f, false));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void an_init_that_fails_leaves_nothing_half_made_and_can_be_repeated(void **state)
{
    struct fixture *f = *state;
    char *conf = tempdir_path(f->dir, "photond.conf");
    char *made = tempdir_path(f->dir, ".tls.new");
    int failures = 0;
    for (rlim_t bytes = 0; init_with_room(f, bytes) != EXIT_CODE_OK; bytes += 250) {
        failures++;
        assert_int_not_equal(access(conf, F_OK), 0);
        assert_int_not_equal(access(made, F_OK), 0);
        if (access(f->tls, F_OK) == 0) { /* whole; only the settings had no room */
            assert_true(accepted(f, "server.crt", X509_PURPOSE_SSL_SERVER));
            tempdir_remove(tempdir_path(f->dir, "tls"));
        }
    }
    assert_true(failures > 5);
    assert_true(accepted(f, "orders.crt", X509_PURPOSE_SSL_CLIENT));
    free(conf);
    free(made);
}

static void assert_refused(struct fixture *f, const char *cert, const char *key, const char *ca,
                           const char *why)
{
    struct error error = {0};
    char *paths[3] = {tempdir_path(f->tls, cert), tempdir_path(f->tls, key),
                      tempdir_path(f->tls, ca)};
    struct tls_server *tls =
        tls_server_open(paths[0], paths[1], paths[2], TLS_CLIENT_REQUIRED, &error);
    if (!why)
        assert_non_null(tls);
    else if (tls || !strstr(error.message, why))
        fail_msg("\"%s\" is not in \"%s\"", why, error.message);
    tls_server_free(tls);
    for (size_t i = 0; i < 3; i++)
        free(paths[i]);
}

static void certificates_that_cannot_serve_are_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    assert_refused(f, "server.crt", "server.key", "ca.crt", NULL);
    assert_refused(f, "none.crt", "server.key", "ca.crt", "none.crt: No such file or directory");
    assert_refused(f, "server.crt", "none.key", "ca.crt", "none.key: No such file");
    assert_refused(f, "server.crt", "server.key", "none.crt", "none.crt: No such file");
    assert_refused(f, "server.key", "server.key", "ca.crt", "server.key holds no certificate");
    assert_refused(f, ".", "server.key", "ca.crt", "cannot be read");
    assert_refused(f, "server.crt", "orders.key", "ca.crt", "orders.key is not the key of");
    char *key = tempdir_path(f->tls, "server.key");
    chmod(key, 0640); /* a group of one's own choice is fine */
    assert_refused(f, "server.crt", "server.key", "ca.crt", NULL);
    chmod(key, 0644);
    assert_refused(f, "server.crt", "server.key", "ca.crt",
                   "server.key can be read or changed by others (mode 644): chmod 600");
    chmod(key, 0660);
    assert_refused(f, "server.crt", "server.key", "ca.crt", "by others");
    free(key);
}

/* Sign the server's certificate again with another end. */
static void redate(struct fixture *f, long begin_s, long end_s)
{
    X509 *server = read_cert(f, "server.crt");
    EVP_PKEY *ca = read_key(f, "ca.key");
    char *path = tempdir_path(f->tls, "server.crt");
    X509_gmtime_adj(X509_getm_notBefore(server), begin_s);
    X509_gmtime_adj(X509_getm_notAfter(server), end_s);
    assert_true(X509_sign(server, ca, EVP_sha256()) > 0);
    FILE *out = fopen(path, "we");
    PEM_write_X509(out, server);
    fclose(out);
    free(path);
    EVP_PKEY_free(ca);
    X509_free(server);
}

static void certificates_out_of_date_are_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(init(f, false), EXIT_CODE_OK);
    char *path = tempdir_path(f->tls, "server.crt");
    redate(f, -7200, -3600);
    assert_refused(f, "server.crt", "server.key", "ca.crt", "server.crt has expired");
    assert_int_equal(certs_days_left(path), -1);
    redate(f, 3600, 7200);
    assert_refused(f, "server.crt", "server.key", "ca.crt", "server.crt is not valid yet");
    assert_int_equal(certs_days_left(path), 0);
    free(path);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest TESTS[] = {
        T(the_certificates_are_for_what_they_are_named_and_nothing_else),
        T(a_client_is_known_by_the_name_that_was_given),
        T(each_key_fits_its_certificate_and_no_two_are_alike),
        T(lifetimes_are_ten_years_and_one),
        T(keys_and_directories_are_private),
        T(what_init_writes_is_a_configuration_that_fits),
        T(nothing_is_overwritten_without_force),
        T(a_client_certificate_can_be_added_and_not_replaced_without_force),
        T(the_servers_certificate_anew_keeps_its_key_and_its_names),
        T(names_that_could_lead_elsewhere_are_refused_and_nothing_is_made),
        T(an_init_that_fails_leaves_nothing_half_made_and_can_be_repeated),
        T(certificates_that_cannot_serve_are_named),
        T(certificates_out_of_date_are_named),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
