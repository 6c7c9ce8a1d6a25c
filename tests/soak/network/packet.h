/*
 * packet.h - what a reset connection looks like to its two ends.
 */
#ifndef TESTS_SOAK_NETWORK_PACKET_H
#define TESTS_SOAK_NETWORK_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKET_RESET_BYTES = 40 };

/* The number of the end that an IPv4 packet goes to; -1: none. */
int packet_to(const uint8_t *packet, size_t len);

/* The higher of the two ports of a TCP packet: of those that the system gives to outgoing connections, the client's. 0: it is none. */
int packet_port(const uint8_t *packet, size_t len);

/* For a TCP packet that has been seen: the RST that its receiver (answer: its sender) takes for the other side's. false: it is
 * no TCP packet, or is an RST itself. */
bool packet_reset(const uint8_t *packet, size_t len, bool answer, uint8_t out[PACKET_RESET_BYTES]);

#endif
