/*
 * connect.c - libmuon's settings are those that where.h has found; a file that was named must be there.
 */
#include "cli/connect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"

enum { FIRST_CONTACT_MS = 5000, CALL_MS = 30000, CLOSE_MS = 2000 };

/* Set one certificate file in the configuration, if there is one. */
static bool use_identity(const struct args *args, muon_config *config, const char *key,
                         const struct where_value *file, int *code)
{
    muon_error error;
    if (!file->text[0])
        return true;
    if (access(file->text, R_OK) != 0) {
        *code = say_failure(args, EXIT_USAGE,
                            "`photond init` makes certificates; --certs names their folder.",
                            "cannot read %s (%s)", file->text, file->from);
        return false;
    }
    if (muon_config_set(config, key, file->text, &error) == MUON_OK)
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

static bool configure(const struct args *args, const struct where *where, muon_config *config,
                      int *code)
{
    return use_setting(args, config, "service.name", args->service, code) &&
           use_setting(args, config, "service.tags", args->tags, code) &&
           use_identity(args, config, "tls.ca_file", &where->value[WHERE_CA], code) &&
           use_identity(args, config, "tls.cert_file", &where->value[WHERE_CERT], code) &&
           use_identity(args, config, "tls.key_file", &where->value[WHERE_KEY], code);
}

/* An answer now, rather than a verb that hangs for its whole time limit when nobody is there. */
static bool first_contact(const struct args *args, const char *url, muon_client *client, int *code)
{
    muon_error error;
    int32_t limit_ms = args->timeout_ms ? (int32_t)args->timeout_ms : FIRST_CONTACT_MS;
    if (muon_ping(client, limit_ms, &error) == MUON_OK)
        return true;
    enum exit_code why = exit_of_status(error.code);
    if (why == EXIT_TIMED_OUT)
        why = EXIT_UNREACHABLE;
    *code = say_answer(args, why, NULL, error.request_id, "%s: %s", url, error.message);
    return false;
}

static bool open_with(const struct args *args, const char *url, const muon_config *config,
                      muon_client **client, int *code)
{
    muon_error error;
    if (muon_open(url, config, client, &error) == MUON_OK)
        return true;
    enum exit_code why = error.code == MUON_EINVAL ? EXIT_USAGE : exit_of_status(error.code);
    *code = say_failure(args, why,
                        "A server is named like muon://host:port; certificates are given with "
                        "--certs, or --ca, --cert and --key.",
                        "cannot use %s: %s", url, error.message);
    return false;
}

bool connect_prepare(const struct args *args, const struct where *where, muon_client **client,
                     int *code)
{
    muon_config *config;
    if (muon_config_new(&config) != MUON_OK) {
        *code = say_failure(args, EXIT_FAILED, NULL, "out of memory");
        return false;
    }
    bool ok = configure(args, where, config, code) &&
              open_with(args, where->value[WHERE_SERVER].text, config, client, code);
    muon_config_free(config);
    return ok;
}

bool connect_open(const struct args *args, muon_client **client, int *code)
{
    struct where where;
    if (!where_find(args, &where, code) || !connect_prepare(args, &where, client, code))
        return false;
    if (first_contact(args, where.value[WHERE_SERVER].text, *client, code))
        return true;
    connect_close(*client); /* or the program ends under its thread, which may be within OpenSSL */
    return false;
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
