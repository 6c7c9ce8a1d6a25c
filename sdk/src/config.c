/*
 * config.c - the table of keys, setting one, and telling about all of them as JSON.
 */
#include "sdk/src/config.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/status.h"
#include "wire/codec-bus.h"
#include "wire/text.h"

enum type { TYPE_NAME, TYPE_NAMES, TYPE_FILE, TYPE_INTEGER };
static const char *const type_names[] = {"text", "text", "file", "integer"};

/* Texts are at most max bytes; integers are from min to max. No text needs escaping in JSON. */
static const struct row {
    const char *key;
    enum type type;
    int64_t fallback, min, max;
    const char *env;
    const char *help;
} table[CONFIG_KEYS] = {
    [CONFIG_SERVICE_NAME] = {"service.name", TYPE_NAME, 0, 1, 255, "",
                             "who emits and serves: the service of events that name none, and "
                             "what others ask for"},
    [CONFIG_SERVICE_TAGS] = {"service.tags", TYPE_NAMES, 0, 1, 8191, "",
                             "words by which what is served can be discovered, at most 32, "
                             "separated by commas"},
    [CONFIG_TLS_CA_FILE] = {"tls.ca_file", TYPE_FILE, 0, 1, 4095, "MUON_CA",
                            "certificates (PEM) of the authorities that the server is trusted by; "
                            "default: the system's"},
    [CONFIG_TLS_CERT_FILE] = {"tls.cert_file", TYPE_FILE, 0, 1, 4095, "MUON_CERT",
                              "this client's certificate chain (PEM); needs tls.key_file"},
    [CONFIG_TLS_KEY_FILE] = {"tls.key_file", TYPE_FILE, 0, 1, 4095, "MUON_KEY",
                             "this client's private key (PEM); needs tls.cert_file"},
    [CONFIG_TLS_SERVER_NAME] = {"tls.server_name", TYPE_NAME, 0, 1, 255, "",
                                "the name that the server's certificate must have; default: the "
                                "host of the URL"},
    [CONFIG_TIMEOUT_DEFAULT] = {"timeout.default", TYPE_INTEGER, 30000, 1, 86400000, "",
                                "milliseconds that a call with timeout 0 may take"},
    [CONFIG_EMIT_MAX_INFLIGHT] = {"emit.max_inflight", TYPE_INTEGER, 16384, 1, 1000000, "",
                                  "emits accepted and not yet drained from their queue, at most"},
    [CONFIG_EMIT_MAX_INFLIGHT_BYTES] = {"emit.max_inflight_bytes", TYPE_INTEGER, 67108864, 65536,
                                        4294967296, "",
                                        "bytes of these emits at most; a single one is always let "
                                        "through"},
    [CONFIG_SUB_PREFETCH] = {"sub.prefetch", TYPE_INTEGER, 8192, 1, 1000000, "",
                             "events that wait in a subscription before it asks for no more"},
    [CONFIG_RECONNECT_MAX_MS] =
        {"reconnect.max_ms", TYPE_INTEGER, 2000, 10, 60000, "",
         "the longest time from one attempt to connect to the next, if it has failed by then"},
    [CONFIG_KEEPALIVE_MS] =
        {"keepalive.ms", TYPE_INTEGER, 5000, 1000, 86400000, "",
         "ping a silent server this often; one that does not answer for as long "
         "again is given up"},
};

int32_t muon_config_new(muon_config **out)
{
    if (!out)
        return MUON_EINVAL;
    muon_config *cfg = calloc(1, sizeof *cfg);
    if (!cfg)
        return MUON_ENOMEM;
    for (int i = 0; i < CONFIG_KEYS; i++)
        cfg->number[i] = table[i].fallback;
    *out = cfg;
    return MUON_OK;
}

static int32_t set_number(struct muon_config *cfg, int i, const char *value, muon_error *err)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    bool whole = *value && (*value == '-' || (*value >= '0' && *value <= '9')) && !*end && !errno;
    if (!whole || number < table[i].min || number > table[i].max)
        return status_fail(err, MUON_EINVAL,
                           "%s = \"%.40s\": must be a whole number from %lld to %lld", table[i].key,
                           value, (long long)table[i].min, (long long)table[i].max);
    cfg->number[i] = number;
    return MUON_OK;
}

/* What is wrong with names that are separated by commas; NULL: nothing. */
static const char *names_fault(const char *value)
{
    const char *fault = NULL;
    size_t n = 0;
    for (bool more = true; more && !fault; n++) {
        size_t len = strcspn(value, ",");
        more = value[len] == ',';
        fault = text_name_fault((struct span){(const uint8_t *)value, len});
        value += len + more;
    }
    return fault || n <= BUS_TAGS_MAX ? fault : "has more than 32 words";
}

static int32_t set_text(struct muon_config *cfg, int i, const char *value, muon_error *err)
{
    size_t len = strlen(value);
    const char *fault = table[i].type == TYPE_NAME    ? text_name_fault(text_span(value))
                        : table[i].type == TYPE_NAMES ? names_fault(value)
                                                      : NULL;
    if (fault)
        return status_fail(err, MUON_EINVAL, "%s = \"%.40s\": %s", table[i].key, value, fault);
    if (len < (size_t)table[i].min || len > (size_t)table[i].max)
        return status_fail(err, MUON_EINVAL, "%s = \"%.40s\": must have %lld to %lld bytes",
                           table[i].key, value, (long long)table[i].min, (long long)table[i].max);
    char *copy = strdup(value);
    if (!copy)
        return status_fail(err, MUON_ENOMEM, "%s: out of memory", table[i].key);
    free(cfg->text[i]);
    cfg->text[i] = copy;
    return MUON_OK;
}

static int32_t set(struct muon_config *cfg, int i, const char *value, muon_error *err)
{
    if (table[i].type == TYPE_INTEGER)
        return set_number(cfg, i, value, err);
    return set_text(cfg, i, value, err);
}

int32_t muon_config_set(muon_config *cfg, const char *key, const char *value, muon_error *err)
{
    if (!cfg || !key || !value)
        return status_fail(err, MUON_EINVAL, "muon_config_set: %s must not be NULL",
                           !cfg  ? "cfg"
                           : key ? "value"
                                 : "key");
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(table[i].key, key) == 0)
            return set(cfg, i, value, err);
    return status_fail(err, MUON_EINVAL,
                       "\"%.64s\" is no configuration key: muon_config_doc() lists them", key);
}

void config_fini(struct muon_config *cfg)
{
    for (int i = 0; i < CONFIG_KEYS; i++)
        free(cfg->text[i]);
    *cfg = (struct muon_config){0};
}

void muon_config_free(muon_config *cfg)
{
    if (!cfg)
        return;
    config_fini(cfg);
    free(cfg);
}

static int32_t resolve(const muon_config *cfg, int i, struct muon_config *out, muon_error *err)
{
    const char *env = *table[i].env ? getenv(table[i].env) : NULL;
    out->number[i] = cfg ? cfg->number[i] : table[i].fallback;
    if (cfg && cfg->text[i])
        return set(out, i, cfg->text[i], err);
    if (env && *env)
        return set(out, i, env, err);
    return MUON_OK;
}

int32_t config_resolve(const muon_config *cfg, struct muon_config *out, muon_error *err)
{
    *out = (struct muon_config){0};
    int32_t status = MUON_OK;
    for (int i = 0; i < CONFIG_KEYS && status == MUON_OK; i++)
        status = resolve(cfg, i, out, err);
    if (status == MUON_OK && !out->text[CONFIG_TLS_CERT_FILE] != !out->text[CONFIG_TLS_KEY_FILE])
        status = status_fail(err, MUON_EINVAL,
                             "tls.cert_file and tls.key_file go together: set both or neither");
    if (status != MUON_OK)
        config_fini(out);
    return status;
}

/* ---- the document ---- */

static char document[4096];
static pthread_once_t document_once = PTHREAD_ONCE_INIT;

static void describe(void)
{
    int at = 0;
    const int size = (int)sizeof document;
    for (int i = 0; i < CONFIG_KEYS && at < size; i++) {
        const struct row *row = &table[i];
        char fallback[24] = "null";
        if (row->type == TYPE_INTEGER)
            snprintf(fallback, sizeof fallback, "%lld", (long long)row->fallback);
        at +=
            snprintf(document + at, (size_t)(size - at),
                     "%c{\"key\":\"%s\",\"type\":\"%s\",\"default\":%s,\"min\":%lld,\"max\":%lld,"
                     "\"env\":\"%s\",\"help\":\"%s\"}%s",
                     i ? ',' : '[', row->key, type_names[row->type], fallback, (long long)row->min,
                     (long long)row->max, row->env, row->help, i + 1 == CONFIG_KEYS ? "]" : "\n");
    }
}

const char *muon_config_doc(void)
{
    pthread_once(&document_once, describe);
    return document;
}
