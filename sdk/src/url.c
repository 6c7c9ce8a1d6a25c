/*
 * url.c - the two schemes, and a look at each address, so that a slip is told at once and not after a time limit.
 */
#include "sdk/src/url.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/status.h"

static const char *strip(const char *text, const char *scheme)
{
    size_t len = strlen(scheme);
    return strncmp(text, scheme, len) == 0 ? text + len : NULL;
}

/* "host:port" or "[v6]:port" in len bytes. */
static bool is_address(const char *text, size_t len)
{
    const char *colon = memrchr(text, ':', len);
    if (!colon || colon == text)
        return false;
    size_t host_len = (size_t)(colon - text), digits = len - host_len - 1;
    bool bracketed = *text == '[' && colon[-1] == ']' && host_len > 2;
    if (!bracketed && memchr(text, ':', host_len))
        return false;
    long port = strtol(colon + 1, NULL, 10);
    if (digits == 0 || digits != strspn(colon + 1, "0123456789") || port < 1 || port > 65535)
        return false;
    for (size_t i = 0; i < host_len; i++)
        if (text[i] <= ' ' || text[i] == '/' || text[i] == '@' || text[i] == 0x7f)
            return false;
    return true;
}

/* "/path", which stays as it is: the target is "unix:/path". */
static int32_t parse_unix(const char *path, const char *text, struct url *out, muon_error *err)
{
    size_t len = strlen(path);
    if (path[0] != '/')
        return status_fail(err, MUON_EINVAL, "the URL \"%.80s\" must be muon+unix:///path", text);
    if (len > URL_SOCKET_MAX)
        return status_fail(err, MUON_EINVAL, "the path in the URL \"%.80s…\" is over %d bytes",
                           text, URL_SOCKET_MAX);
    out->tls = false;
    memcpy(out->target, "unix:", 5);
    memcpy(out->target + 5, path, len + 1);
    return MUON_OK;
}

int32_t url_parse(const char *text, struct url *out, muon_error *err)
{
    if (!text)
        text = getenv("MUON_URL");
    if (!text || !*text)
        return status_fail(err, MUON_EINVAL, "no URL: give one to muon_open, or set MUON_URL");
    const char *rest = strip(text, "muon+unix://");
    if (rest)
        return parse_unix(rest, text, out, err);
    rest = strip(text, "muon://");
    bool tls = rest != NULL;
    if (!rest)
        rest = strip(text, "muon+insecure://");
    if (!rest)
        return status_fail(
            err, MUON_EINVAL,
            "the URL \"%.80s\" must begin with muon:// (TLS), muon+insecure:// or muon+unix://",
            text);
    size_t len = strlen(rest);
    if (len && rest[len - 1] == '/')
        len--;
    if (len >= sizeof out->target)
        return status_fail(err, MUON_EINVAL, "the URL \"%.80s…\" is over %d bytes", text,
                           URL_TARGET_MAX - 1);
    for (size_t at = 0, part; at <= len; at += part + 1) {
        const char *comma = memchr(rest + at, ',', len - at);
        part = comma ? (size_t)(comma - rest) - at : len - at;
        if (!is_address(rest + at, part))
            return status_fail(err, MUON_EINVAL, "\"%.*s\" in the URL \"%.80s\" is not host:port",
                               (int)part, rest + at, text);
    }
    out->tls = tls;
    memcpy(out->target, rest, len);
    out->target[len] = 0;
    return MUON_OK;
}
