/*
 * packet.c - IPv4 and TCP headers, as far as a reset needs them.
 */
#include "tests/soak/network/packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>

static uint32_t sum(const void *data, size_t len, uint32_t from)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i + 1 < len; i += 2)
        from += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    return from;
}

static uint16_t checksum(uint32_t all)
{
    while (all >> 16)
        all = (all & 0xffff) + (all >> 16);
    return htons((uint16_t)~all);
}

int packet_to(const uint8_t *packet, size_t len)
{
    struct iphdr ip;
    if (len < sizeof ip)
        return -1;
    memcpy(&ip, packet, sizeof ip);
    return ip.version == 4 ? (int)(ntohl(ip.daddr) & 0xff) - 1 : -1;
}

/* false: it is no TCP packet. */
static bool headers(const uint8_t *packet, size_t len, struct iphdr *ip, struct tcphdr *tcp)
{
    if (packet_to(packet, len) < 0)
        return false;
    memcpy(ip, packet, sizeof *ip);
    if (ip->protocol != IPPROTO_TCP || len < 4u * ip->ihl + sizeof *tcp)
        return false;
    memcpy(tcp, packet + 4u * ip->ihl, sizeof *tcp);
    return true;
}

int packet_port(const uint8_t *packet, size_t len)
{
    struct iphdr ip;
    struct tcphdr tcp;
    if (!headers(packet, len, &ip, &tcp))
        return 0;
    return ntohs(tcp.source) > ntohs(tcp.dest) ? ntohs(tcp.source) : ntohs(tcp.dest);
}

/* Bytes of sequence space that a segment takes. */
static uint32_t segment_len(const struct iphdr *ip, const struct tcphdr *tcp)
{
    return (uint32_t)ntohs(ip->tot_len) - 4u * ip->ihl - 4u * tcp->doff + tcp->syn + tcp->fin;
}

bool packet_reset(const uint8_t *packet, size_t len, bool answer, uint8_t out[PACKET_RESET_BYTES])
{
    struct iphdr ip;
    struct tcphdr tcp;
    if (!headers(packet, len, &ip, &tcp) || tcp.rst)
        return false;
    struct iphdr head = {.version = 4,
                         .ihl = 5,
                         .tot_len = htons(PACKET_RESET_BYTES),
                         .ttl = 64,
                         .protocol = IPPROTO_TCP,
                         .saddr = answer ? ip.daddr : ip.saddr,
                         .daddr = answer ? ip.saddr : ip.daddr};
    struct tcphdr reset = {.source = answer ? tcp.dest : tcp.source,
                           .dest = answer ? tcp.source : tcp.dest,
                           .seq = answer ? tcp.ack_seq : tcp.seq,
                           .ack_seq = htonl(ntohl(tcp.seq) + segment_len(&ip, &tcp)),
                           .doff = 5,
                           .rst = 1,
                           .ack = answer};
    head.check = checksum(sum(&head, sizeof head, 0));
    reset.check = checksum(
        sum(&reset, sizeof reset, sum(&head.saddr, 8, IPPROTO_TCP + (uint32_t)sizeof reset)));
    memcpy(out, &head, sizeof head);
    memcpy(out + sizeof head, &reset, sizeof reset);
    return true;
}
