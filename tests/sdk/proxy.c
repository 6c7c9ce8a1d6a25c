/*
 * proxy.c - one thread, one poll, pairs of sockets.
 */
#include "tests/sdk/proxy.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/sdk/made.h"

enum { PAIRS_MAX = 16, CHUNK = 4096 };

struct proxy {
    int listener, target_port, port;
    int stop[2]; /* a pipe */
    int pairs[PAIRS_MAX][2];
    size_t pairs_len, passed, cut_after;
    bool cut;
    pthread_t thread;
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void drop(struct proxy *p, size_t i)
{
    close(p->pairs[i][0]);
    close(p->pairs[i][1]);
    p->pairs_len--;
    p->pairs[i][0] = p->pairs[p->pairs_len][0];
    p->pairs[i][1] = p->pairs[p->pairs_len][1];
}

static void admit(struct proxy *p)
{
    int from = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(p->target_port);
    if (from < 0 || to < 0 || p->pairs_len == PAIRS_MAX ||
        connect(to, (struct sockaddr *)&address, sizeof address) != 0) {
        close(from);
        close(to);
        return;
    }
    const int one = 1;
    setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    p->pairs[p->pairs_len][0] = from;
    p->pairs[p->pairs_len++][1] = to;
}

/* Pass what is there, but nothing beyond the cut. false: this pair is over. */
static bool pass(struct proxy *p, int from, int to)
{
    char buffer[CHUNK];
    size_t room = p->cut ? CHUNK : p->cut_after - p->passed;
    ssize_t n = recv(from, buffer, room < CHUNK ? room : CHUNK, 0);
    if (n <= 0)
        return false;
    for (ssize_t sent = 0; sent < n;) {
        ssize_t some = send(to, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (some <= 0)
            return false;
        sent += some;
    }
    p->passed += (size_t)n;
    return true;
}

static void *run(void *arg)
{
    struct proxy *p = arg;
    for (;;) {
        struct pollfd fds[2 + 2 * PAIRS_MAX] = {{p->stop[0], POLLIN, 0}, {p->listener, POLLIN, 0}};
        size_t pairs = p->pairs_len;
        for (size_t i = 0; i < 2 * pairs; i++)
            fds[2 + i] = (struct pollfd){p->pairs[i / 2][i % 2], POLLIN, 0};
        poll(fds, 2 + 2 * pairs, -1);
        if (fds[0].revents)
            return NULL;
        for (size_t i = pairs; i-- > 0;)
            for (size_t side = 0; side < 2; side++)
                if (fds[2 + 2 * i + side].revents &&
                    !pass(p, p->pairs[i][side], p->pairs[i][!side])) {
                    drop(p, i);
                    break;
                }
        if (fds[1].revents)
            admit(p);
        if (!p->cut && p->passed >= p->cut_after) {
            p->cut = true;
            while (p->pairs_len)
                drop(p, 0);
        }
    }
}

struct proxy *proxy_new(int port, size_t cut_after)
{
    struct proxy *p = calloc(1, sizeof *p);
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    assert_non_null(p);
    p->target_port = port;
    p->cut_after = cut_after;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(p->listener, 16), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&address, &len), 0);
    p->port = ntohs(address.sin_port);
    assert_int_equal(pipe(p->stop), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
    return p;
}

int proxy_port(const struct proxy *proxy)
{
    return proxy->port;
}

size_t proxy_free(struct proxy *p)
{
    size_t passed;
    assert_int_equal(write(p->stop[1], "", 1), 1);
    pthread_join(p->thread, NULL);
    while (p->pairs_len)
        drop(p, 0);
    close(p->listener);
    close(p->stop[0]);
    close(p->stop[1]);
    passed = p->passed;
    free(p);
    return passed;
}
