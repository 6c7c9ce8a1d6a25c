/*
 * connect.c - where the server is and who we are.
 *
 * Each setting: option, else environment, else convention. Certificates are looked for in a folder only as far as they are
 * not named one by one; a folder that was named must hold them, the conventional one may.
 */
#include "cli/connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"

enum { PATH_BYTES = 4096, FIRST_CONTACT_MS = 5000, CALL_MS = 30000, CLOSE_MS = 2000 };

/* One certificate file: how it is named on the command line, in the environment, in a folder, and in libmuon. */
struct identity {
    const char *option, *variable, *file, *config;
};

static const struct identity identities[] = {
    {"--ca", "MUON_CA", "ca.crt", "tls.ca_file"},
    {"--cert", "MUON_CERT", "client.crt", "tls.cert_file"},
    {"--key", "MUON_KEY", "client.key", "tls.key_file"},
};

enum { IDENTITIES = sizeof(identities) / sizeof(identities[0]) };

static const char *given_or_env(const char *given, const char *variable)
{
    const char *value = given ? given : getenv(variable);
    return value && value[0] ? value : NULL;
}

static const char *url_of(const struct args *args)
{
    const char *url = given_or_env(args->server, "MUON_URL");
    return url ? url : CONNECT_DEFAULT_URL;
}

/* The folder to look in; *named: somebody has asked for it. */
static bool folder_of(const struct args *args, char folder[PATH_BYTES], bool *named)
{
    const char *dir = given_or_env(args->certs, "MUON_CERTS");
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int len = -1;
    *named = dir != NULL;
    if (dir)
        len = snprintf(folder, PATH_BYTES, "%s", dir);
    else if (config && config[0])
        len = snprintf(folder, PATH_BYTES, "%s/muon", config);
    else if (home && home[0])
        len = snprintf(folder, PATH_BYTES, "%s/.config/muon", home);
    return len > 0 && len < PATH_BYTES;
}

/* Set one certificate file in the configuration, if there is one. */
static bool use_identity(const struct args *args, muon_config *config, const struct identity *id,
                         const char *given, int *code)
{
    char folder[PATH_BYTES], path[PATH_BYTES + 32];
    bool named = true;
    muon_error error;
    const char *file = given_or_env(given, id->variable);
    if (!file && folder_of(args, folder, &named)) {
        snprintf(path, sizeof(path), "%s/tls/%s", folder,
                 id->file); /* as `photond init` leaves it */
        if (access(path, F_OK) != 0)
            snprintf(path, sizeof(path), "%s/%s", folder, id->file);
        file = path;
    }
    if (!file || (!named && access(file, F_OK) != 0))
        return true;
    if (access(file, R_OK) != 0) {
        *code = say_failure(args, EXIT_USAGE,
                            "`photond init` makes certificates; --certs names their folder.",
                            "cannot read %s (%s)", file, id->option);
        return false;
    }
    if (muon_config_set(config, id->config, file, &error) == MUON_OK)
        return true;
    *code = say_error(args, &error);
    return false;
}

static bool use_setting(const struct args *args, muon_config *config, const char *key,
                        const char *value, int *code)
{
    muon_error error;
    if (!value || !value[0] || muon_config_set(config, key, value, &error) == MUON_OK)
        return true;
    *code = say_failure(args, EXIT_USAGE, NULL, "%s", error.message);
    return false;
}

static bool configure(const struct args *args, muon_config *config, int *code)
{
    if (!use_setting(args, config, "service.name", args->service, code) ||
        !use_setting(args, config, "service.tags", args->tags, code))
        return false;
    const char *given[IDENTITIES] = {args->ca, args->cert, args->key};
    if (strncmp(url_of(args), "muon://", strlen("muon://")) != 0)
        return true;
    for (int i = 0; i < IDENTITIES; i++)
        if (!use_identity(args, config, &identities[i], given[i], code))
            return false;
    return true;
}

/* An answer now, rather than a verb that hangs for its whole time limit when nobody is there. */
static bool first_contact(const struct args *args, muon_client *client, int *code)
{
    muon_error error;
    int32_t limit_ms = args->timeout_ms ? (int32_t)args->timeout_ms : FIRST_CONTACT_MS;
    if (muon_ping(client, limit_ms, &error) == MUON_OK)
        return true;
    enum exit_code why = exit_of_status(error.code);
    if (why == EXIT_TIMED_OUT)
        why = EXIT_UNREACHABLE;
    *code = say_failure(args, why, NULL, "%s does not answer: %s", url_of(args), error.message);
    return false;
}

static bool open_with(const struct args *args, const muon_config *config, muon_client **client,
                      int *code)
{
    muon_error error;
    if (muon_open(url_of(args), config, client, &error) != MUON_OK) {
        enum exit_code why = error.code == MUON_EINVAL ? EXIT_USAGE : exit_of_status(error.code);
        *code = say_failure(args, why,
                            "A server is named like muon://host:port; certificates are given with "
                            "--certs, or --ca, --cert and --key.",
                            "cannot use %s: %s", url_of(args), error.message);
        return false;
    }
    if (first_contact(args, *client, code))
        return true;
    connect_close(*client); /* or the program ends under its thread, which may be within OpenSSL */
    return false;
}

bool connect_open(const struct args *args, muon_client **client, int *code)
{
    muon_config *config;
    if (muon_config_new(&config) != MUON_OK) {
        *code = say_failure(args, EXIT_FAILED, NULL, "out of memory");
        return false;
    }
    bool ok = configure(args, config, code) && open_with(args, config, client, code);
    muon_config_free(config);
    return ok;
}

bool connect_service(const struct args *given, struct args *args, const char **path, int *code)
{
    *args = *given;
    *path = given->operands[given->operand_count - 1];
    if (given->operand_count > 2 && given->service) {
        *code = say_failure(given, EXIT_USAGE, "Leave one of them out.",
                            "\"%s\" and --service each name the service", given->operands[1]);
        return false;
    }
    if (given->operand_count > 2)
        args->service = given->operands[1];
    if (args->service)
        return true;
    *code = say_failure(given, EXIT_USAGE, "Name it before the path, or with --service.",
                        "as which service is %s to be served?", *path);
    return false;
}

void connect_close(muon_client *client)
{
    if (client)
        muon_close(client, CLOSE_MS, NULL);
    muon_free(client);
}

int32_t connect_timeout_ms(const struct args *args)
{
    return args->timeout_ms ? (int32_t)args->timeout_ms : CALL_MS;
}
