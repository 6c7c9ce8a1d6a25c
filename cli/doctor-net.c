/*
 * doctor-net.c - a name's addresses, and TCP to one of them after the other; or a socket of this machine.
 *
 * The resolver is asked on a thread of its own, because it may take minutes to give up, and we do not wait for that.
 */
#include "cli/doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESSES_BYTES = 256, ADDRESSES_MAX = 16 };

/* A question to the resolver. Whoever is done with it last frees it: the one who asks, or the thread. */
struct question {
    struct doctor_target target;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool one_is_done;
    int error; /* 0 or an EAI_*; EAI_INPROGRESS: there is no answer yet */
    struct addrinfo *addresses;
};

static struct question *question_new(const struct doctor_target *target)
{
    struct question *question = calloc(1, sizeof(*question));
    pthread_condattr_t steady;
    if (!question)
        return NULL;
    question->target = *target;
    question->error = EAI_INPROGRESS;
    pthread_mutex_init(&question->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&question->answered, &steady);
    pthread_condattr_destroy(&steady);
    return question;
}

/* With the lock held, which is given back. */
static void question_done(struct question *question)
{
    bool last = question->one_is_done;
    question->one_is_done = true;
    pthread_mutex_unlock(&question->lock);
    if (!last)
        return;
    if (question->addresses)
        freeaddrinfo(question->addresses);
    pthread_cond_destroy(&question->answered);
    pthread_mutex_destroy(&question->lock);
    free(question);
}

static void *resolver(void *arg)
{
    struct question *question = arg;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int error = getaddrinfo(question->target.host, question->target.port, &hints, &addresses);
    pthread_mutex_lock(&question->lock);
    question->error = error;
    question->addresses = error == 0 ? addresses : NULL;
    pthread_cond_signal(&question->answered);
    question_done(question);
    return NULL;
}

/* On a thread that nobody waits for: the end of the program ends it. */
static bool ask_resolver(struct question *question)
{
    pthread_attr_t detached;
    pthread_t thread;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool asked = pthread_create(&thread, &detached, resolver, question) == 0;
    pthread_attr_destroy(&detached);
    return asked;
}

static struct timespec in_ms(int32_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms % 1000 * 1000000L;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

/* 0, an EAI_*, or EAI_INPROGRESS: no answer in time. *addresses: freeaddrinfo. */
static int resolve(const struct doctor_target *target, int32_t limit_ms,
                   struct addrinfo **addresses)
{
    const struct timespec limit = in_ms(limit_ms);
    struct question *question = question_new(target);
    if (!question)
        return EAI_MEMORY;
    pthread_mutex_lock(&question->lock);
    if (!ask_resolver(question)) {
        question->one_is_done = true; /* there is no thread */
        question->error = EAI_AGAIN;
    }
    while (question->error == EAI_INPROGRESS &&
           pthread_cond_timedwait(&question->answered, &question->lock, &limit) == 0) {
    }
    int error = question->error;
    *addresses = question->addresses;
    question->addresses = NULL;
    question_done(question);
    return error;
}

static void tell_unresolved(struct doctor *d, const struct doctor_target *target, int error)
{
    if (error == EAI_INPROGRESS)
        doctor_tell(d, DOCTOR_FAIL, "name", EXIT_UNREACHABLE,
                    "The resolver does not answer: look at /etc/resolv.conf, or name the server by "
                    "its number.",
                    "no answer within %d ms to what \"%s\" is", d->limit_ms, target->host);
    else if (error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY)
        doctor_tell(d, DOCTOR_FAIL, "name", EXIT_UNREACHABLE,
                    "Is it spelt right? Otherwise whoever keeps your names has to add it.",
                    "there is no host \"%s\"", target->host);
    else
        doctor_tell(d, DOCTOR_FAIL, "name", EXIT_UNREACHABLE,
                    "The resolver fails: look at /etc/resolv.conf, or name the server by its "
                    "number.",
                    "what \"%s\" is cannot be found out: %s", target->host, gai_strerror(error));
}

static void number_of(const struct addrinfo *address, char text[INET6_ADDRSTRLEN])
{
    if (getnameinfo(address->ai_addr, address->ai_addrlen, text, INET6_ADDRSTRLEN, NULL, 0,
                    NI_NUMERICHOST) != 0)
        snprintf(text, INET6_ADDRSTRLEN, "?");
}

static void tell_resolved(struct doctor *d, const struct doctor_target *target,
                          const struct addrinfo *addresses)
{
    char text[ADDRESSES_BYTES] = "", number[INET6_ADDRSTRLEN];
    size_t len = 0;
    number_of(addresses, number);
    if (strcmp(number, target->host) == 0)
        return;
    for (const struct addrinfo *a = addresses; a && len < sizeof(text) - 1; a = a->ai_next) {
        number_of(a, number);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? ", " : "", number);
    }
    doctor_tell(d, DOCTOR_OK, "name", EXIT_DONE, NULL, "%s is %s", target->host, text);
}

/* A connected descriptor; -1: errno. */
static int reach(const struct addrinfo *address, int64_t until_ms)
{
    int error = 0, fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(error);
    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        error = errno;
    if (error == EINPROGRESS && !doctor_wait(fd, POLLOUT, until_ms))
        error = ETIMEDOUT;
    else if (error == EINPROGRESS && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

static const char *advice_of(int error)
{
    if (error == ECONNREFUSED)
        return "Nobody listens there: is photond running, on this port?";
    if (error == ETIMEDOUT)
        return "Nothing comes back: is it the right host, and does a firewall let this port "
               "through?";
    if (error == ENETUNREACH || error == EHOSTUNREACH)
        return "There is no way there: is this machine on that network?";
    return "The system says so: see its message.";
}

static int reach_any(struct doctor *d, const struct doctor_target *target,
                     const struct addrinfo *addresses)
{
    char number[INET6_ADDRSTRLEN];
    int last = 0, tried = 0;
    for (const struct addrinfo *a = addresses; a && tried < ADDRESSES_MAX; a = a->ai_next) {
        int64_t begin_ms = doctor_now_ms();
        int fd = reach(a, begin_ms + d->limit_ms);
        tried++;
        number_of(a, number);
        if (fd >= 0) {
            doctor_tell(d, DOCTOR_OK, "tcp", EXIT_DONE, NULL, "connected to %s, port %s", number,
                        target->port);
            return fd;
        }
        last = errno;
    }
    doctor_tell(d, DOCTOR_FAIL, "tcp", EXIT_UNREACHABLE, advice_of(last),
                "cannot connect to %s%s, port %s: %s",
                tried > 1 ? "any of its addresses, last " : "", number, target->port,
                strerror(last));
    return -1;
}

int doctor_connect(const struct doctor_target *target, int32_t limit_ms)
{
    struct addrinfo *addresses = NULL;
    int fd = -1;
    if (resolve(target, limit_ms, &addresses) != 0)
        return -1;
    for (const struct addrinfo *a = addresses; a && fd < 0; a = a->ai_next)
        fd = reach(a, doctor_now_ms() + limit_ms);
    freeaddrinfo(addresses);
    return fd;
}

int doctor_reach(struct doctor *d, const struct doctor_target *target)
{
    struct addrinfo *addresses = NULL;
    int error = resolve(target, d->limit_ms, &addresses);
    if (error != 0 || !addresses) {
        tell_unresolved(d, target, error);
        return -1;
    }
    tell_resolved(d, target, addresses);
    int fd = reach_any(d, target, addresses);
    freeaddrinfo(addresses);
    return fd;
}

bool doctor_socket(struct doctor *d, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    int error = errno;
    if (ok)
        doctor_tell(d, DOCTOR_OK, "socket", EXIT_DONE, NULL, "connected to %.200s", path);
    else
        doctor_tell(d, DOCTOR_FAIL, "socket", EXIT_UNREACHABLE,
                    error == EACCES
                        ? "It is for photond's own user: be that user, or take another way."
                        : "Is photond running? Its first line says where its admin socket is.",
                    "cannot connect to %.200s: %s", path, strerror(error));
    if (fd >= 0)
        close(fd);
    return ok;
}
