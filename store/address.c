/* address.c - see address.h. Names are not resolved here: only what is written decides whether it
 * is loopback. */
#include "store/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool port_ok(const char *port)
{
    size_t digits = strspn(port, "0123456789");
    return digits > 0 && digits <= 5 && port[digits] == '\0' && atoi(port) <= 65535;
}

/* host is "127.0.0.1", "::1" or a name. */
static bool host_ok(const char *host, bool bracketed, bool *is_loopback)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        *is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
        return bracketed;
    }
    if (bracketed)
        return false;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        *is_loopback = ntohl(v4.s_addr) >> 24 == 127;
        return true;
    }
    *is_loopback = strcmp(host, "localhost") == 0;
    size_t len = strlen(host);
    return len > 0 && len <= 253 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == len;
}

/* NULL: good. */
static const char *parse(struct address *address)
{
    char host[ADDRESS_TEXT_MAX];
    struct sockaddr_un un;
    address->is_unix = strncmp(address->text, "unix:", 5) == 0;
    address->is_loopback = false;
    if (address->is_unix) {
        size_t len = strlen(address->text + 5);
        return len > 0 && len < sizeof un.sun_path ? NULL : "its path must have 1 to 107 bytes";
    }
    const char *colon = strrchr(address->text, ':');
    if (!colon || !port_ok(colon + 1))
        return "write host:port, [v6]:port or unix:/path, with a port from 0 to 65535";
    size_t len = (size_t)(colon - address->text);
    bool bracketed = len >= 2 && address->text[0] == '[' && address->text[len - 1] == ']';
    memcpy(host, address->text + bracketed, len - 2 * bracketed);
    host[len - 2 * bracketed] = '\0';
    return host_ok(host, bracketed, &address->is_loopback)
               ? NULL
               : "write a name, an IPv4 address, or an IPv6 address in brackets";
}

static const char *take(const char *begin, size_t len, struct address *address)
{
    while (len > 0 && *begin == ' ') {
        begin++;
        len--;
    }
    while (len > 0 && begin[len - 1] == ' ')
        len--;
    if (len >= ADDRESS_TEXT_MAX) {
        memcpy(address->text, begin, ADDRESS_TEXT_MAX - 1);
        address->text[ADDRESS_TEXT_MAX - 1] = '\0';
        return "it is too long";
    }
    memcpy(address->text, begin, len);
    address->text[len] = '\0';
    return parse(address);
}

size_t address_list(const char *list, struct address *out, size_t max, char **fault)
{
    size_t n = 0;
    for (;; list++) {
        struct address address;
        size_t len = strcspn(list, ",");
        const char *wrong = take(list, len, &address);
        if (!wrong && n == max)
            wrong = "there are too many addresses before it";
        if (wrong) {
            if (asprintf(fault, "\"%s\" is not an address: %s", address.text, wrong) < 0)
                *fault = NULL;
            return 0;
        }
        out[n++] = address;
        list += len;
        if (*list == '\0')
            return n;
    }
}
