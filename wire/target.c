/*
 * target.c - targets. gRPC resolves one name by itself (dns:///); a list it takes only as addresses of one family.
 */
#include "wire/target.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

enum { HOSTS_MAX = 16 };

struct host {
    char name[TARGET_HOST_BYTES];
    char port[8];
};

static enum reason refuse(struct error *error, const char *target, const char *fault)
{
    return error_set(error, REASON_INVALID_ARGUMENT, "cannot connect to \"%s\": %s", target, fault);
}

static bool is_address(const char *name, int family)
{
    unsigned char buffer[sizeof(struct in6_addr)];
    return inet_pton(family, name, buffer) == 1;
}

/* "host:port" or "[v6]:port", len bytes. */
static bool split(const char *text, size_t len, struct host *host)
{
    const char *colon = memrchr(text, ':', len);
    if (!colon)
        return false;
    size_t name_len = (size_t)(colon - text), port_len = len - name_len - 1;
    bool brackets = name_len >= 2 && text[0] == '[' && text[name_len - 1] == ']';
    if (brackets) {
        text++;
        name_len -= 2;
    }
    if (name_len == 0 || name_len >= sizeof host->name || port_len == 0 || port_len > 5 ||
        strspn(colon + 1, "0123456789") < port_len)
        return false;
    memcpy(host->name, text, name_len);
    host->name[name_len] = '\0';
    memcpy(host->port, colon + 1, port_len);
    host->port[port_len] = '\0';
    return brackets == (strchr(host->name, ':') != NULL);
}

/* All hosts as addresses of one family, behind each other. */
static bool list(const struct host *hosts, size_t len, int family, char uri[TARGET_BYTES])
{
    size_t at = (size_t)snprintf(uri, TARGET_BYTES, family == AF_INET ? "ipv4:" : "ipv6:");
    for (size_t i = 0; i < len; i++) {
        struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found;
        char address[INET6_ADDRSTRLEN];
        if (getaddrinfo(hosts[i].name, hosts[i].port, &hints, &found) != 0)
            return false;
        int failed = getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL,
                                 0, NI_NUMERICHOST);
        freeaddrinfo(found);
        if (failed || at >= TARGET_BYTES)
            return false;
        at += (size_t)snprintf(uri + at, TARGET_BYTES - at,
                               family == AF_INET ? "%s%s:%s" : "%s[%s]:%s", i ? "," : "", address,
                               hosts[i].port);
    }
    return at < TARGET_BYTES;
}

static enum reason parse_hosts(const char *target, char uri[TARGET_BYTES],
                               char host[TARGET_HOST_BYTES], struct error *error)
{
    struct host hosts[HOSTS_MAX];
    size_t len = 0;
    for (const char *at = target;;) {
        size_t part = strcspn(at, ",");
        if (len == HOSTS_MAX || !split(at, part, &hosts[len++]))
            return refuse(error, target,
                          "give host:port, [address]:port (16 at most, separated by commas) "
                          "or unix:/path");
        if (at[part] == '\0')
            break;
        at += part + 1;
    }
    memcpy(host, hosts[0].name, sizeof hosts[0].name);
    bool address = is_address(host, AF_INET) || is_address(host, AF_INET6);
    if (len == 1 && !address)
        snprintf(uri, TARGET_BYTES, "dns:///%s:%s", hosts[0].name, hosts[0].port);
    else if (!list(hosts, len, AF_INET, uri) && !list(hosts, len, AF_INET6, uri))
        return refuse(error, target,
                      "not all of the hosts can be resolved to addresses of one family");
    return REASON_NONE;
}

enum reason target_parse(const char *target, char uri[TARGET_BYTES], char host[TARGET_HOST_BYTES],
                         struct error *error)
{
    if (strncmp(target, "unix:", 5) != 0)
        return parse_hosts(target, uri, host, error);
    if (target[5] == '\0' || strlen(target) >= TARGET_BYTES)
        return refuse(error, target, "give unix:/path");
    memcpy(uri, target, strlen(target) + 1);
    memcpy(host, "localhost", sizeof "localhost");
    return REASON_NONE;
}
