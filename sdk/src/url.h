/*
 * url.h - where a client connects to.
 */
#ifndef MUON_SDK_URL_H
#define MUON_SDK_URL_H

#include <stdbool.h>

#include <muon/muon.h>

enum { URL_TARGET_MAX = 2048 };

struct url {
    bool tls;
    char target[URL_TARGET_MAX]; /* "host:port[,host:port…]" */
};

/* "muon://host:port[,host:port…]" or "muon+insecure://…"; NULL: $MUON_URL. MUON_EINVAL: what is wrong with it. */
int32_t url_parse(const char *text, struct url *out, muon_error *err);

#endif
