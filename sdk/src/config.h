/*
 * config.h - a client's configuration: one table says what keys there are.
 */
#ifndef MUON_SDK_CONFIG_H
#define MUON_SDK_CONFIG_H

#include <muon/muon.h>

enum config_key {
    CONFIG_SERVICE_NAME,
    CONFIG_SERVICE_TAGS,
    CONFIG_TLS_CA_FILE,
    CONFIG_TLS_CERT_FILE,
    CONFIG_TLS_KEY_FILE,
    CONFIG_TLS_SERVER_NAME,
    CONFIG_TIMEOUT_DEFAULT,
    CONFIG_EMIT_MAX_INFLIGHT,
    CONFIG_EMIT_MAX_INFLIGHT_BYTES,
    CONFIG_SUB_PREFETCH,
    CONFIG_RECONNECT_MAX_MS,
    CONFIG_KEEPALIVE_MS,
    CONFIG_KEYS
};

/* Values by key; a text that was not set is NULL. */
struct muon_config {
    char *text[CONFIG_KEYS];
    int64_t number[CONFIG_KEYS];
};

/* A copy for a client, in which keys not set have the value of their environment variable (MUON_CA, …). cfg may be NULL. */
int32_t config_resolve(const muon_config *cfg, struct muon_config *out, muon_error *err);
void config_fini(struct muon_config *cfg);

#endif
