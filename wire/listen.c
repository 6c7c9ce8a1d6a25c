/*
 * listen.c - listening with plain sockets: for those that are not gRPC's, and to find out why gRPC could not: resolve, bind, look at errno.
 */
#include "wire/listen.h"

#include <errno.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 16 };

static const char *unix_path(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

static bool unix_address(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof out->sun_path)
        return false;
    memcpy(out->sun_path, path, len);
    return true;
}

bool listen_check(const char *address, struct error *error)
{
    const char *path = unix_path(address);
    struct sockaddr_un name;
    if (!path)
        return true;
    if (!unix_address(path, &name)) {
        error_set(error, REASON_INVALID_ARGUMENT,
                  "cannot listen on %s: a unix socket's path has 1 to %zu bytes", address,
                  sizeof name.sun_path - 1);
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0;
    if (fd >= 0)
        close(fd);
    if (taken)
        error_set(error, REASON_INVALID_ARGUMENT,
                  "cannot listen on %s: another process does; stop it or use another path",
                  address);
    return !taken;
}

static const char *advice(int fault)
{
    switch (fault) {
    case EADDRINUSE:
        return "another process listens there: stop it or use another port";
    case EADDRNOTAVAIL:
        return "this machine does not have that address";
    case EACCES:
        return "that is not allowed to this user: use a port from 1024 on, or a directory of yours";
    case ENOENT:
        return "the directory does not exist: create it";
    default:
        return strerror(fault);
    }
}

/* A socket that listens; -1: errno says why not. */
static int bound(int family, const struct sockaddr *name, socklen_t len)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, name, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int fault = errno;
    close(fd);
    errno = fault;
    return -1;
}

static int try_bind(int family, const struct sockaddr *name, socklen_t len)
{
    int fd = bound(family, name, len);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* "host:port" or "[v6]:port" apart, into host. */
static const char *split(const char *address, char *host, size_t size)
{
    const char *colon = strrchr(address, ':');
    if (!colon || (size_t)(colon - address) >= size)
        return NULL;
    bool brackets = address[0] == '[' && colon > address && colon[-1] == ']';
    size_t skip = brackets ? 1 : 0, len = (size_t)(colon - address) - 2 * skip;
    memcpy(host, address + skip, len);
    host[len] = '\0';
    return colon + 1;
}

int listen_open(const char *address, int *port, struct error *error)
{
    char host[256];
    const char *service = split(address, host, sizeof host);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int fd = -1;
    if (service && getaddrinfo(host, service, &hints, &found) == 0)
        for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
            fd = bound(a->ai_family, a->ai_addr, a->ai_addrlen);
    if (found)
        freeaddrinfo(found);
    if (fd < 0) {
        listen_explain(address, error);
        return -1;
    }
    struct sockaddr_in6 name; /* the port stands at the same place in both families */
    socklen_t len = sizeof name;
    getsockname(fd, (struct sockaddr *)&name, &len);
    *port = ntohs(name.sin6_port);
    return fd;
}

void listen_explain(const char *address, struct error *error)
{
    const char *why = "gRPC could not; run with GRPC_VERBOSITY=error to see its own words";
    const char *path = unix_path(address);
    char host[256];
    struct sockaddr_un name;
    if (path && unix_address(path, &name)) {
        int fault = try_bind(AF_UNIX, (struct sockaddr *)&name, sizeof name);
        if (fault)
            why = advice(fault);
        else
            unlink(path); /* the socket that the attempt has made */
        error_set(error, REASON_INVALID_ARGUMENT, "cannot listen on %s: %s", address, why);
        return;
    }
    const char *port = split(address, host, sizeof host);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int failed = port ? getaddrinfo(host[0] ? host : NULL, port, &hints, &found) : EAI_NONAME;
    if (!port)
        why = "give host:port, [address]:port or unix:/path";
    else if (failed)
        why = gai_strerror(failed);
    for (struct addrinfo *a = found; a; a = a->ai_next) {
        int fault = try_bind(a->ai_family, a->ai_addr, a->ai_addrlen);
        if (fault)
            why = advice(fault);
    }
    if (found)
        freeaddrinfo(found);
    error_set(error, REASON_INVALID_ARGUMENT, "cannot listen on %s: %s", address, why);
}

/* ---- a socket of one user alone ---- */

static bool private_refuse(struct error *error, const char *path, const char *fault)
{
    error_set(error, REASON_INVALID_ARGUMENT, "cannot listen on unix:%s for its user alone: %s",
              path, fault);
    return false;
}

/* Whoever can write the directory can put a socket of theirs in place of ours, and be told what is meant for us. */
static bool check_directory(const char *path, struct error *error)
{
    char copy[LISTEN_ADDRESS_BYTES], fault[2 * LISTEN_ADDRESS_BYTES];
    struct stat status;
    snprintf(copy, sizeof copy, "%s", path);
    const char *dir = dirname(copy);
    if (stat(dir, &status) != 0)
        return private_refuse(error, path, advice(errno));
    if (status.st_uid != geteuid() && status.st_uid != 0)
        snprintf(fault, sizeof fault, "the directory %s is another user's", dir);
    else if (status.st_mode & (S_IWGRP | S_IWOTH))
        snprintf(fault, sizeof fault,
                 "the directory %s can be changed by others (mode %04o): chmod go-w it", dir,
                 status.st_mode & 07777u);
    else
        return true;
    return private_refuse(error, path, fault);
}

bool listen_private_check(const char *path, char address[LISTEN_ADDRESS_BYTES], struct error *error)
{
    struct sockaddr_un name;
    if (!unix_address(path, &name))
        return private_refuse(error, path, "a unix socket's path has 1 to 107 bytes");
    snprintf(address, LISTEN_ADDRESS_BYTES, "unix:%s", path);
    umask(umask(077) | 077);
    return check_directory(path, error);
}

bool listen_private_close(const char *path, struct error *error)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return private_refuse(error, path, strerror(errno));
    if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid())
        return private_refuse(error, path, "somebody has put something else in its place");
    if (chmod(path, S_IRUSR | S_IWUSR) != 0)
        return private_refuse(error, path, strerror(errno));
    return true;
}
