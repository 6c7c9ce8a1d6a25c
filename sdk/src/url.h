/*
 * url.h - where a client connects to.
 */
#ifndef MUON_SDK_URL_H
#define MUON_SDK_URL_H

#include <stdbool.h>

#include <muon/muon.h>

enum { URL_TARGET_MAX = 2048, URL_SOCKET_MAX = 107 };

struct url {
    bool tls;
    char target[URL_TARGET_MAX]; /* "host:port[,host:port…]", "unix:/path" */
};

/* "muon://host:port[,host:port…]" or "muon+insecure://…"; or "muon+unix:///path"; NULL: $MUON_URL. MUON_EINVAL: what is wrong with it. */
int32_t url_parse(const char *text, struct url *out, muon_error *err);

#endif
