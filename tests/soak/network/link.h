/*
 * link.h - what happens to packets of one direction between two ends: they wait, are lost, come twice, overtake each other.
 *
 * What is under way is limited; a packet beyond the limit is lost, as in any router. Times are milliseconds of the monotonic
 * clock. One thread.
 */
#ifndef TESTS_SOAK_NETWORK_LINK_H
#define TESTS_SOAK_NETWORK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault {
    int delay_ms, jitter_ms; /* with jitter, packets overtake each other */
    int lost, twice;         /* in a thousand */
    int spared;              /* so many connections in a thousand see nothing of it */
    int reset; /* not 0: nothing passes, and both ends are told that the other gave up */
};

struct packet {
    int64_t due_ms;
    uint64_t number; /* of packets that are due at once, the older one first */
    size_t len;
    uint8_t *bytes;
};

struct link {
    struct fault fault;
    struct packet *heap; /* the one due next first */
    size_t len;
    uint64_t numbers;
    uint64_t met; /* packets that came while something was to befall them */
};

/* Put a copy on its way, or do not, as the fault says. random: of uniform 64 bits, the same for all links. */
void link_put(struct link *link, const uint8_t *bytes, size_t len, int64_t now_ms,
              uint64_t *random);
/* The next that has arrived, to be freed by the caller. false: none has. */
bool link_take(struct link *link, int64_t now_ms, struct packet *out);
/* When the next arrives; INT64_MAX: none is under way. */
int64_t link_due_ms(const struct link *link);

#endif
