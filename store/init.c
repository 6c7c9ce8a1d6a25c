/* init.c - see init.h. */
#include "store/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/address.h"
#include "store/certs.h"
#include "store/describe.h"
#include "store/files.h"
#include "store/pki.h"
#include "store/service.h"
#include "store/settings.h"

static enum exit_code complain(FILE *err, enum exit_code code, const struct error *error)
{
    fprintf(err, "photond: %s\n", error->message);
    return code;
}

/* ---- names ---- */
struct names {
    const char *name[PKI_NAMES_MAX];
    size_t len;
    char host[256];
    char before[PKI_NAMES_MAX][CERTS_NAME_MAX]; /* of the certificate that is replaced */
};

static void names_add(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++) {
        if (strcmp(names->name[i], name) == 0)
            return;
    }
    if (names->len < PKI_NAMES_MAX)
        names->name[names->len++] = name;
}

/* What the server can be called on this machine, what its certificate has been for, and what the caller says. */
static void names_collect(struct names *names, const struct init_options *options,
                          const char *cert_before)
{
    names->len = 0;
    names_add(names, "localhost");
    if (gethostname(names->host, sizeof names->host) == 0) {
        names->host[sizeof names->host - 1] = '\0';
        if (pki_host_ok(names->host))
            names_add(names, names->host);
    }
    names_add(names, "127.0.0.1");
    names_add(names, "::1");
    size_t before = cert_before ? certs_names(cert_before, names->before, PKI_NAMES_MAX) : 0;
    for (size_t i = 0; i < before; i++)
        names_add(names, names->before[i]);
    for (size_t i = 0; i < options->names_len; i++)
        names_add(names, options->names[i]);
}

static void names_print(const struct names *names, FILE *out)
{
    for (size_t i = 0; i < names->len; i++)
        fprintf(out, "%s%s", i ? ", " : "", names->name[i]);
}

static const char *const DEFAULT_CLIENT[] = {"client"};

/* Everything that could be refused is, before anything is made. */
static bool check(const struct init_options *options, struct error *error)
{
    struct address address[SERVICE_LISTENERS_MAX];
    char *fault;
    for (size_t i = 0; i < options->names_len; i++) {
        if (pki_host_ok(options->names[i]))
            continue;
        error_set(error, REASON_INVALID_ARGUMENT,
                  "--name: \"%s\" is neither a host name nor an IP address", options->names[i]);
        return false;
    }
    for (size_t i = 0; i < options->clients_len; i++) {
        const char *wrong = pki_client_name_fault(options->clients[i]);
        if (!wrong)
            continue;
        error_set(error, REASON_INVALID_ARGUMENT, "--client: \"%s\" cannot be a name: %s",
                  options->clients[i], wrong);
        return false;
    }
    if (options->listen &&
        address_list(options->listen, address, SERVICE_LISTENERS_MAX, &fault) == 0) {
        error_set(error, REASON_INVALID_ARGUMENT, "--listen: %s", fault ? fault : "no memory");
        free(fault);
        return false;
    }
    return true;
}

/* ---- the directory ---- */
static bool make_dir(const char *path, bool may_exist, struct error *error)
{
    struct stat st;
    if (mkdir(path, 0700) == 0)
        return true;
    int cause = errno;
    if (may_exist && cause == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    error_set(error, REASON_STORE_UNAVAILABLE, "the directory %s cannot be made: %s", path,
              strerror(cause));
    return false;
}

/* A directory with files in it only: what an interrupted init leaves. */
static void remove_flat_dir(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(path);
}

static bool fill_tls(const char *tls, const struct names *names, const struct init_options *options,
                     struct error *error)
{
    const char *const *clients = options->clients_len ? options->clients : DEFAULT_CLIENT;
    size_t clients_len = options->clients_len ? options->clients_len : 1;
    if (!make_dir(tls, false, error) || !pki_make_ca(tls, error) ||
        !pki_issue_server(tls, names->name, names->len, error))
        return false;
    for (size_t i = 0; i < clients_len; i++) {
        if (!pki_issue_client(tls, clients[i], error))
            return false;
    }
    return true;
}

/* Put the finished directory in its place; one that is there is kept as tls.old-TIME. */
static bool place_tls(const char *made, const char *tls, struct error *error)
{
    char old[FILES_PATH_MAX];
    if (!files_exist(tls)) {
        if (rename(made, tls) == 0)
            return true;
    } else if (renameat2(AT_FDCWD, made, AT_FDCWD, tls, RENAME_EXCHANGE) == 0) {
        int n = snprintf(old, sizeof old, "%s.old-%lld", tls, (long long)time(NULL));
        if (n < (int)sizeof old && rename(made, old) == 0)
            return true;
    }
    error_set(error, REASON_STORE_UNAVAILABLE, "%s cannot be put in place: %s", tls,
              strerror(errno));
    return false;
}

static bool make_tls(const struct names *names, const struct init_options *options,
                     struct error *error)
{
    char made[FILES_PATH_MAX], tls[FILES_PATH_MAX];
    if (!files_path(made, options->dir, ".tls.new", error) ||
        !files_path(tls, options->dir, "tls", error))
        return false;
    remove_flat_dir(made);
    if (fill_tls(made, names, options, error) && place_tls(made, tls, error)) {
        files_sync_dir(options->dir);
        return true;
    }
    remove_flat_dir(made);
    return false;
}

static bool put(struct settings *settings, enum setting setting, const char *text)
{
    char *fault = NULL;
    bool ok = settings_set(settings, setting, text, ORIGIN_FILE, "photond init", &fault);
    free(fault);
    return ok;
}

static bool make_conf(const char *path, const struct init_options *options, struct error *error)
{
    struct settings settings;
    char *text = NULL;
    size_t len = 0;
    if (!settings_init(&settings)) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory");
        return false;
    }
    const char *listen = options->listen ? options->listen : setting_def(SETTING_LISTEN)->fallback;
    FILE *out = open_memstream(&text, &len);
    bool ok = out && put(&settings, SETTING_DATA_DIR, "data") &&
              put(&settings, SETTING_LISTEN, listen) &&
              put(&settings, SETTING_TLS_CERT, "tls/server.crt") &&
              put(&settings, SETTING_TLS_KEY, "tls/server.key") &&
              put(&settings, SETTING_TLS_CLIENT_CA, "tls/ca.crt");
    if (ok)
        describe_file(&settings, out);
    ok = out && fclose(out) == 0 && ok;
    if (ok)
        ok = files_write(path, text, len, 0600, error);
    else
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory");
    free(text);
    settings_fini(&settings);
    return ok;
}

static void tell(const struct init_options *options, const struct names *names, FILE *out)
{
    const char *const *clients = options->clients_len ? options->clients : DEFAULT_CLIENT;
    size_t clients_len = options->clients_len ? options->clients_len : 1;
    fprintf(out, "Made in %s:\n", options->dir);
    fprintf(out, "  photond.conf               the settings, with what each means\n");
    fprintf(out, "  tls/ca.crt, ca.key         an authority of its own, good for 10 years; guard "
                 "the key\n");
    fprintf(out, "  tls/server.crt, .key       for a year; for ");
    names_print(names, out);
    fprintf(out, "\n");
    for (size_t i = 0; i < clients_len; i++)
        fprintf(out, "  tls/%s.crt, .key       for a year; whoever holds them is \"%s\"\n",
                clients[i], clients[i]);
    char *whole = realpath(options->dir, NULL);
    fprintf(out,
            "\nStart it:             photond --config %s/photond.conf\n"
            "A client needs:       tls/ca.crt and its own .crt and .key; muon finds them with "
            "MUON_CERTS=%s\n"
            "Or it gets a name:    muon context add NAME --server muon://HOST:PORT --certs %s\n"
            "Who administers it:   photond's user, --server muon+unix://%s/data/admin.sock\n"
            "One more client:      photond cert %s client NAME\n"
            "The server's anew:    photond cert %s server --force\n",
            options->dir, options->dir, options->dir, whole ? whole : options->dir, options->dir,
            options->dir);
    free(whole);
}

enum exit_code init_run(const struct init_options *options, FILE *out, FILE *err)
{
    struct error error = {0};
    struct names names;
    char conf[FILES_PATH_MAX], tls[FILES_PATH_MAX];
    if (!check(options, &error))
        return complain(err, EXIT_CODE_USAGE, &error);
    if (!files_path(conf, options->dir, "photond.conf", &error) ||
        !files_path(tls, options->dir, "tls", &error) || !make_dir(options->dir, true, &error))
        return complain(err, EXIT_CODE_FAILED, &error);
    if (!options->force && (files_exist(conf) || files_exist(tls))) {
        fprintf(err,
                "photond: %s is there already and is left as it is; choose another directory, or "
                "give --force to make everything anew (the old certificates are kept beside the "
                "new, the store is not touched)\n",
                files_exist(conf) ? conf : tls);
        return EXIT_CODE_EXISTS;
    }
    names_collect(&names, options, NULL);
    if (!make_tls(&names, options, &error) || !make_conf(conf, options, &error))
        return complain(err, EXIT_CODE_FAILED, &error);
    tell(options, &names, out);
    return EXIT_CODE_OK;
}

enum exit_code init_cert(const struct init_options *options, const char *client, FILE *out,
                         FILE *err)
{
    struct error error = {0};
    struct names names;
    char tls[FILES_PATH_MAX], path[FILES_PATH_MAX], file[80];
    const char *fault = client ? pki_client_name_fault(client) : NULL;
    if (fault) {
        fprintf(err, "photond: \"%s\" cannot be a client's name: %s\n", client, fault);
        return EXIT_CODE_USAGE;
    }
    if (!check(options, &error))
        return complain(err, EXIT_CODE_USAGE, &error);
    snprintf(file, sizeof file, "%s.crt", client ? client : "server");
    if (!files_path(tls, options->dir, "tls", &error) || !files_path(path, tls, file, &error))
        return complain(err, EXIT_CODE_FAILED, &error);
    if (files_exist(path) && !options->force) {
        fprintf(err, "photond: %s is there already; give --force to issue it anew for its key\n",
                path);
        return EXIT_CODE_EXISTS;
    }
    names_collect(&names, options, path);
    bool ok = client ? pki_issue_client(tls, client, &error)
                     : pki_issue_server(tls, names.name, names.len, &error);
    if (!ok)
        return complain(err, EXIT_CODE_CERTS, &error);
    fprintf(out, "%s, good for a year%s\n", path,
            client ? "" : "; a photond that runs takes it after SIGHUP");
    return EXIT_CODE_OK;
}
