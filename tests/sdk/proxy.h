/*
 * proxy.h - a line that breaks: passes bytes between clients and a server on this machine, and once, after so many bytes in all,
 * cuts every connection.
 */
#ifndef TESTS_SDK_PROXY_H
#define TESTS_SDK_PROXY_H

#include <stddef.h>

struct proxy;

/* Towards 127.0.0.1:port. cut_after: bytes, in both directions together. */
struct proxy *proxy_new(int port, size_t cut_after);
int proxy_port(const struct proxy *proxy);
/* Stop; returns how many bytes have passed. */
size_t proxy_free(struct proxy *proxy);

#endif
