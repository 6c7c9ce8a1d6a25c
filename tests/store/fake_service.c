/*
 * fake_service.c - store/service.h without a store: photond's process around it can be tested where a real store is hard to bring
 * into a state.
 *
 * FAKE_FAULT=N: service_open fails with this log_fault. FAKE_STUCK=1: a call runs that never ends by itself. FAKE_TIME=N: time() says so.
 * FAKE_DAMAGED=1: damage was met while it served.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "store/service.h"

time_t time(time_t *out)
{
    const char *told = getenv("FAKE_TIME");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t is = told ? (time_t)atoll(told) : now.tv_sec;
    if (out)
        *out = is;
    return is;
}

struct service {
    struct service_options options;
    int fd[SERVICE_LISTENERS_MAX], port[SERVICE_LISTENERS_MAX];
    pthread_mutex_t mutex;
    pthread_cond_t hurried;
    bool hurry;
};

struct service *service_open(const struct service_options *options, enum log_fault *fault,
                             struct error *error)
{
    const char *told = getenv("FAKE_FAULT");
    *fault = told ? (enum log_fault)atoi(told) : LOG_OK;
    if (*fault != LOG_OK) {
        error_set(error, REASON_STORE_UNAVAILABLE, "%s: as told", options->data_dir);
        return NULL;
    }
    struct service *service = calloc(1, sizeof *service);
    assert(service);
    service->options = *options;
    pthread_mutex_init(&service->mutex, NULL);
    pthread_cond_init(&service->hurried, NULL);
    return service;
}

static bool listen_on(struct service *service, size_t i, struct error *error)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t len = sizeof in;
    char host[64];
    int port;
    int n = sscanf(service->options.listeners[i].address, "%63[^:]:%d", host, &port);
    assert(n == 2);
    in.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &in.sin_addr);
    service->fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(service->fd[i], (struct sockaddr *)&in, sizeof in) != 0 ||
        listen(service->fd[i], 1) != 0) {
        error_set(error, REASON_INVALID_ARGUMENT, "%s: %s", service->options.listeners[i].address,
                  strerror(errno));
        return false;
    }
    getsockname(service->fd[i], (struct sockaddr *)&in, &len);
    service->port[i] = ntohs(in.sin_port);
    return true;
}

void service_metrics(struct service *service, int64_t wait_ms, struct metrics *metrics)
{
    (void)service;
    (void)wait_ms;
    *metrics = (struct metrics){.build = 1};
}

enum reason service_writable(struct service *service)
{
    (void)service;
    return REASON_NONE;
}

bool service_start(struct service *service, struct error *error)
{
    for (size_t i = 0; i < service->options.listeners_len; i++) {
        if (!listen_on(service, i, error))
            return false;
    }
    return true;
}

int service_port(const struct service *service, size_t listener)
{
    return service->port[listener];
}

bool service_set_admin_names(struct service *service, const char *names)
{
    (void)service;
    (void)names;
    return true;
}

const char *service_admin_socket(const struct service *service)
{
    (void)service;
    return NULL;
}

void service_info(const struct service *service, struct service_info *info)
{
    (void)service;
    *info = (struct service_info){.store_id = "00000000-0000-4000-8000-000000000000"};
}

bool service_is_damaged(const struct service *service)
{
    (void)service;
    return getenv("FAKE_DAMAGED") != NULL;
}

bool service_stop(struct service *service, int64_t timeout_ms)
{
    struct timespec until;
    int rc = 0;
    if (!getenv("FAKE_STUCK"))
        return true;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock(&service->mutex);
    while (!service->hurry && rc == 0)
        rc = pthread_cond_timedwait(&service->hurried, &service->mutex, &until);
    pthread_mutex_unlock(&service->mutex);
    return false;
}

void service_hurry(struct service *service)
{
    pthread_mutex_lock(&service->mutex);
    service->hurry = true;
    pthread_cond_signal(&service->hurried);
    pthread_mutex_unlock(&service->mutex);
}

void service_free(struct service *service)
{
    if (!service)
        return;
    for (size_t i = 0; i < service->options.listeners_len; i++)
        close(service->fd[i]);
    pthread_cond_destroy(&service->hurried);
    pthread_mutex_destroy(&service->mutex);
    free(service);
}
