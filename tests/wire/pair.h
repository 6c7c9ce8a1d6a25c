/*
 * pair.h - a server and a client's channel to it, in plain text, made before each test of a file and ended after it.
 */
#ifndef TESTS_WIRE_PAIR_H
#define TESTS_WIRE_PAIR_H

#include "tests/wire/peer.h"

static struct cq *cq;
static struct peer peer;
static struct channel *channel;

static int up(void **state)
{
    char target[64];
    (void)state;
    cq = cq_open(1);
    peer_start(&peer, "127.0.0.1:0", NULL);
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    channel = peer_connect(cq, target, NULL);
    return 0;
}

static int down(void **state)
{
    (void)state;
    channel_close(channel);
    cq_close(cq);
    peer_stop(&peer, false);
    return 0;
}

#endif
