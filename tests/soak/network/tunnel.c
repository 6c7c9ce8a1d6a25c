/*
 * tunnel.c - a network of a test's own, that can be bad.
 *
 *   net_tunnel ENDS SEED
 *
 * makes so many ends (end.h) and carries packets between end 0, where the store is, and each of the others, which do not see each
 * other. It prints the descriptor of each end's namespace, a line each. Then, on its standard input, a line
 *
 *   END up|down DELAY JITTER LOST TWICE SPARED RESET
 *
 * says what befalls packets from that end to end 0 (up), or from end 0 to it (down), from now on (link.h); each is answered with "ok" and
 * how many packets have met with something on that way so far. What is under way when a fault ends arrives all the same. It ends at the end
 * of its input, and the namespaces with it, once nobody is in them. Exit codes: 0; 2 usage; 77 this machine cannot do it, with the reason.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/soak/network/end.h"
#include "tests/soak/network/link.h"
#include "tests/soak/network/packet.h"

enum { ENDS_MAX = 16, UP = 0, DOWN = 1, BURST = 64, CANNOT = 77 };

struct tunnel {
    struct end end[ENDS_MAX];
    struct link link[ENDS_MAX][2];
    int ends;
    uint64_t seed, random;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A device that takes no packet has lost it: TCP knows what to do. */
static void give(const struct end *end, const uint8_t *bytes, size_t len)
{
    if (write(end->device, bytes, len) < 0 && errno != EAGAIN && errno != ENOBUFS)
        perror("net_tunnel");
}

static void reset_both(struct tunnel *t, int from, int to, const uint8_t *bytes, size_t len)
{
    uint8_t reset[PACKET_RESET_BYTES];
    if (packet_reset(bytes, len, false, reset))
        give(&t->end[to], reset, sizeof reset);
    if (packet_reset(bytes, len, true, reset))
        give(&t->end[from], reset, sizeof reset);
}

/* By its port and the seed: all its life, a connection is among them or not. */
static bool is_spared(const struct tunnel *t, const struct fault *fault, const uint8_t *bytes,
                      size_t len)
{
    uint64_t hash = ((uint64_t)packet_port(bytes, len) + t->seed) * 0x9e3779b97f4a7c15;
    return (hash >> 32) % 1000 < (uint64_t)fault->spared;
}

static bool is_nothing(const struct fault *fault)
{
    static const struct fault nothing;
    return memcmp(fault, &nothing, sizeof nothing) == 0;
}

static void receive(struct tunnel *t, int from)
{
    uint8_t bytes[END_PACKET_BYTES];
    for (int i = 0; i < BURST; i++) {
        ssize_t len = read(t->end[from].device, bytes, sizeof bytes);
        if (len <= 0)
            return;
        int to = packet_to(bytes, (size_t)len);
        if (to < 0 || to >= t->ends || (from == 0) == (to == 0))
            continue;
        struct link *link = from ? &t->link[from][UP] : &t->link[to][DOWN];
        bool spared = is_spared(t, &link->fault, bytes, (size_t)len);
        link->met += !spared && !is_nothing(&link->fault);
        if (spared)
            give(&t->end[to], bytes, (size_t)len);
        else if (link->fault.reset)
            reset_both(t, from, to, bytes, (size_t)len);
        else
            link_put(link, bytes, (size_t)len, now_ms(), &t->random);
    }
}

/* Returns when the next packet arrives. */
static int64_t deliver(struct tunnel *t)
{
    int64_t next_ms = INT64_MAX;
    struct packet packet;
    for (int i = 1; i < t->ends; i++)
        for (int way = UP; way <= DOWN; way++) {
            while (link_take(&t->link[i][way], now_ms(), &packet)) {
                give(&t->end[way == UP ? 0 : i], packet.bytes, packet.len);
                free(packet.bytes);
            }
            int64_t due_ms = link_due_ms(&t->link[i][way]);
            next_ms = due_ms < next_ms ? due_ms : next_ms;
        }
    return next_ms;
}

static bool obey(struct tunnel *t, const char *line)
{
    int end;
    char way[5];
    struct fault fault;
    if (sscanf(line, "%d %4s %d %d %d %d %d %d", &end, way, &fault.delay_ms, &fault.jitter_ms,
               &fault.lost, &fault.twice, &fault.spared, &fault.reset) != 8 ||
        end < 1 || end >= t->ends)
        return false;
    struct link *link = &t->link[end][strcmp(way, "up") == 0 ? UP : DOWN];
    link->fault = fault;
    printf("ok %" PRIu64 "\n", link->met);
    return true;
}

/* false: the input has ended, or is not understood. */
static bool listen_to_input(struct tunnel *t)
{
    static char text[4096];
    static size_t len;
    ssize_t n = read(STDIN_FILENO, text + len, sizeof text - 1 - len);
    if (n <= 0)
        return false;
    len += (size_t)n;
    text[len] = 0;
    for (char *end; (end = strchr(text, '\n'));) {
        *end = 0;
        if (!obey(t, text))
            return false;
        len -= (size_t)(end + 1 - text);
        memmove(text, end + 1, len + 1);
    }
    return true;
}

static void carry(struct tunnel *t)
{
    struct pollfd fds[1 + ENDS_MAX] = {{STDIN_FILENO, POLLIN, 0}};
    for (int i = 0; i < t->ends; i++)
        fds[1 + i] = (struct pollfd){t->end[i].device, POLLIN, 0};
    for (;;) {
        int64_t next_ms = deliver(t), left_ms = next_ms - now_ms();
        poll(fds, 1 + (nfds_t)t->ends, next_ms == INT64_MAX ? -1 : left_ms < 0 ? 0 : (int)left_ms);
        for (int i = 0; i < t->ends; i++)
            if (fds[1 + i].revents)
                receive(t, i);
        if (fds[0].revents && !listen_to_input(t))
            return;
    }
}

int main(int argc, char **argv)
{
    static struct tunnel t;
    t.ends = argc == 3 ? atoi(argv[1]) : 0;
    if (t.ends < 2 || t.ends > ENDS_MAX)
        return 2;
    t.seed = strtoull(argv[2], NULL, 10);
    t.random = 2 * t.seed + 1; /* never 0 */
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < t.ends; i++) {
        const char *what;
        if (!end_open(&t.end[i], i, &what)) {
            printf("%s: %s\n", what, strerror(errno));
            return CANNOT;
        }
    }
    for (int i = 0; i < t.ends; i++)
        printf("%d\n", t.end[i].space);
    carry(&t);
    return 0;
}
