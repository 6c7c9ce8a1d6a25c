/*
 * scrape.c - see scrape.h.
 *
 * libmicrohttpd reads and writes HTTP; the loop around it is ours, because of time: its own limit is one of silence, so a client that sends
 * a byte now and then would keep its place for ever. Each connection has a deadline; a socket that is past it is shut down, which the
 * library takes for the client's doing. Connections that are too many wait in the kernel's queue.
 */
#include "store/scrape.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/metrics_text.h"
#include "store/thread.h"
#include "wire/cq.h"
#include "wire/listen.h"

enum { SILENCE_S = 5 };

/* A connection; fd -1: free. */
struct slot {
    int fd;
    int64_t until_ms;
};

struct scrape {
    struct scrape_source source;
    int64_t connection_ms;
    struct MHD_Daemon *daemon;
    int port, epoll, stop; /* stop: an eventfd */
    pthread_t thread;
    bool ended; /* the thread's, as what follows: a connection, in the last run */
    struct slot slot[SCRAPE_CONNECTIONS];
};

/* ---- answers ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *text, size_t len, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(len, text, mode);
    if (!response) {
        if (mode == MHD_RESPMEM_MUST_FREE)
            free(text);
        return MHD_NO; /* closes the connection */
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *text)
{
    return answer(connection, status, "text/plain; charset=utf-8", (char *)text, strlen(text),
                  MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result give_metrics(struct scrape *scrape, struct MHD_Connection *connection)
{
    struct metrics metrics;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return MHD_NO;
    scrape->source.metrics(scrape->source.user, &metrics);
    metrics_text(&metrics, out);
    if (fclose(out) != 0) {
        free(text);
        return MHD_NO;
    }
    return answer(connection, MHD_HTTP_OK, METRICS_CONTENT_TYPE, text, len, MHD_RESPMEM_MUST_FREE);
}

static const char *why_not(enum reason reason)
{
    switch (reason) {
    case REASON_STORE_FULL:
        return "not ready: the disk is full, nothing can be written; reading goes on\n";
    case REASON_SHUTTING_DOWN:
        return "not ready: photond is going down\n";
    default:
        return "not ready: writing failed, the store is being opened anew; reading goes on\n";
    }
}

static enum MHD_Result give_readiness(struct scrape *scrape, struct MHD_Connection *connection)
{
    enum reason reason = scrape->source.writable(scrape->source.user);
    return reason == REASON_NONE ? say(connection, MHD_HTTP_OK, "ready\n")
                                 : say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, why_not(reason));
}

/* Called when the headers are there; a body, if there is one, is not waited for. */
static enum MHD_Result asked(void *user, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *body,
                             size_t *body_len, void **state)
{
    struct scrape *scrape = user;
    (void)version;
    (void)body;
    (void)body_len;
    (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (strcmp(url, "/metrics") == 0)
        return give_metrics(scrape, connection);
    if (strcmp(url, "/readyz") == 0)
        return give_readiness(scrape, connection);
    if (strcmp(url, "/healthz") == 0)
        return say(connection, MHD_HTTP_OK, "alive\n");
    return say(connection, MHD_HTTP_NOT_FOUND,
               "there is nothing here: /metrics, /healthz and /readyz are\n");
}

/* ---- connections and their time ---- */

static int fd_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static struct slot *slot_of(struct scrape *scrape, int fd)
{
    for (size_t i = 0; i < SCRAPE_CONNECTIONS; i++)
        if (scrape->slot[i].fd == fd)
            return &scrape->slot[i];
    return NULL;
}

static void connection_changed(void *user, struct MHD_Connection *connection, void **state,
                               enum MHD_ConnectionNotificationCode code)
{
    struct scrape *scrape = user;
    bool started = code == MHD_CONNECTION_NOTIFY_STARTED;
    int fd = fd_of(connection);
    struct slot *slot = slot_of(scrape, started ? -1 : fd);
    (void)state;
    scrape->ended |= !started;
    if (slot)
        *slot = started ? (struct slot){fd, cq_mono_ms() + scrape->connection_ms}
                        : (struct slot){-1, 0};
}

/* Shut down what is late. Milliseconds until the next will be; -1: there is none. */
static int64_t end_late(struct scrape *scrape)
{
    int64_t now = cq_mono_ms(), first = -1;
    for (size_t i = 0; i < SCRAPE_CONNECTIONS; i++) {
        struct slot *slot = &scrape->slot[i];
        if (slot->fd < 0)
            continue;
        int64_t left = slot->until_ms - now;
        if (left <= 0) {
            shutdown(slot->fd, SHUT_RDWR);
            slot->until_ms = now + scrape->connection_ms; /* it is forgotten when it is closed */
            left = scrape->connection_ms;
        }
        if (first < 0 || left < first)
            first = left;
    }
    return first;
}

/* ---- the thread ---- */

/*
 * The library, which does not listen while connections are as many as may be, listens again at the beginning of the run after
 * the one in which they ended. It is run at once, then: if all of them ended, nothing else would wake us.
 */
static int wait_ms(struct scrape *scrape)
{
    if (scrape->ended) {
        scrape->ended = false;
        return 0;
    }
    int64_t left = end_late(scrape);
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(scrape->daemon, &timeout) == MHD_YES &&
        (left < 0 || timeout < (MHD_UNSIGNED_LONG_LONG)left))
        left = (int64_t)timeout;
    return left > SCRAPE_CONNECTION_MS ? SCRAPE_CONNECTION_MS : (int)left;
}

static void *run(void *arg)
{
    struct scrape *scrape = arg;
    struct pollfd fds[] = {{.fd = scrape->epoll, .events = POLLIN},
                           {.fd = scrape->stop, .events = POLLIN}};
    while (!(fds[1].revents & POLLIN)) {
        poll(fds, 2, wait_ms(scrape));
        MHD_run(scrape->daemon);
    }
    return NULL;
}

static bool start(struct scrape *scrape)
{
    return thread_start(&scrape->thread, run, scrape);
}

/* ---- open and close ---- */

static struct MHD_Daemon *daemon_new(struct scrape *scrape, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, asked, scrape, MHD_OPTION_LISTEN_SOCKET,
                            fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)SCRAPE_CONNECTIONS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SCRAPE_REQUEST_BYTES,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
                            connection_changed, scrape, MHD_OPTION_END);
}

static void scrape_free(struct scrape *scrape)
{
    if (scrape->daemon)
        MHD_stop_daemon(scrape->daemon); /* and closes the listening socket */
    if (scrape->stop >= 0)
        close(scrape->stop);
    free(scrape);
}

struct scrape *scrape_open(const char *address, const struct scrape_source *source,
                           int64_t connection_ms, struct error *error)
{
    struct scrape *scrape = calloc(1, sizeof *scrape);
    if (!scrape) {
        error_set(error, REASON_STORE_UNAVAILABLE, "no memory for the listener for metrics");
        return NULL;
    }
    scrape->source = *source;
    scrape->connection_ms = connection_ms ? connection_ms : SCRAPE_CONNECTION_MS;
    for (size_t i = 0; i < SCRAPE_CONNECTIONS; i++)
        scrape->slot[i].fd = -1;
    scrape->stop = -1;
    int fd = listen_open(address, &scrape->port, error);
    if (fd < 0) {
        scrape_free(scrape);
        return NULL;
    }
    scrape->daemon = daemon_new(scrape, fd);
    scrape->stop = eventfd(0, EFD_CLOEXEC);
    if (scrape->daemon)
        scrape->epoll = MHD_get_daemon_info(scrape->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    else
        close(fd);
    if (scrape->daemon && scrape->stop >= 0 && start(scrape))
        return scrape;
    error_set(error, REASON_STORE_UNAVAILABLE,
              "no memory or no threads for the listener for metrics");
    scrape_free(scrape);
    return NULL;
}

int scrape_port(const struct scrape *scrape)
{
    return scrape->port;
}

void scrape_close(struct scrape *scrape)
{
    uint64_t one = 1;
    if (!scrape)
        return;
    ssize_t wrote = write(scrape->stop, &one, sizeof one); /* cannot fail: it is 0 */
    (void)wrote;
    pthread_join(scrape->thread, NULL);
    scrape_free(scrape);
}
